package io.coxswain.launcher.service;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.UserProgram;
import io.coxswain.security.WireSecurity;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code coxswain agent}. */
public final class AgentService {
    private AgentService() {}

    /** Runs an agent until a signal ends it; returns the exit code. */
    public static int run(Path file, Map<String, String> sets, PrintStream out, PrintStream err)
            throws ConfigException, EnvironmentException, InterruptedException {
        AgentFile config = AgentFile.read(file, sets);
        CommonOptions common = config.common();
        Service.log(common);
        var broken = new CompletableFuture<Throwable>();
        ReplicaAgent.Builder builder =
                ReplicaAgent.builder()
                        .id(common.id())
                        .zookeeper(common.zookeeper() + common.chroot())
                        .sessionTimeout(common.sessionTimeout())
                        .security(common.security())
                        .zookeeperAccess(common.zookeeperAccess())
                        .bind(common.bindHost(), common.port())
                        .advertised(common.advertisedHost(), common.advertisedPort())
                        .failureDomain(config.failureDomain())
                        .arenaRoot(config.arenas())
                        .arenaBudgetBytes(config.arenaBudgetBytes())
                        .keepArena(config.keepArena())
                        .logFolder(config.workerLogs())
                        .devices(config.devices())
                        .labels(config.labels())
                        .copyBytesPerSecond(config.copyBytesPerSecond())
                        .workerSilence(config.workerSilence())
                        .workerOutput(config.workerOutput())
                        .workerCommands((kind, section) ->
                                UserProgram.worker(kind, section, config.workers()))
                        .onFatal(broken::complete);
        HttpAddress http = common.http();
        if (http != null) {
            builder.http(http.host(), http.port());
            builder.httpNames(common.httpNames());
            if (http.token() != null) {
                builder.httpToken(http.token());
            }
            boolean certified = common.security() instanceof WireSecurity.MutualTls;
            if (!http.warning(certified).isEmpty()) {
                err.println("coxswain: " + http.warning(certified));
            }
        }
        ReplicaAgent agent = builder.build();
        try {
            Files.createDirectories(config.workerLogs());
            agent.start();
        } catch (IOException e) {
            throw new EnvironmentException(
                    "agent "
                            + common.id()
                            + " did not start: "
                            + e.getMessage()
                            + "; its log is "
                            + common.log(),
                    e);
        }
        out.println(
                "agent "
                        + common.id()
                        + " listens, reached as "
                        + agent.dataEndpoint().host()
                        + ":"
                        + agent.dataEndpoint().port()
                        + ", shared memory in "
                        + agent.arenaFolder()
                        + "; log: "
                        + common.log()
                        + ", workers' output: "
                        + config.workerLogs());
        agent.httpUrl().ifPresent(url -> out.println("agent " + common.id() + ": HTTP at " + url));
        if (common.security() instanceof WireSecurity.Plaintext) {
            Service.shout(common.id(), err);
        }
        var ended = new CompletableFuture<Integer>();
        if (!config.preemptionDeadline().isZero()) {
            var notice = new PreemptionNotice(agent, config.preemptionDeadline(), out::println);
            TerminationSignal.handle(() -> notice.given(ended::complete));
        }
        return Service.serve("agent " + common.id(), agent, broken, ended, common, err);
    }
}
