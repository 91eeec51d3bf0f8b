package io.coxswain.launcher.service;

import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.WireSecurity;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code coxswain coordinator}. */
public final class CoordinatorService {
    private CoordinatorService() {}

    /**
     * Runs a coordinator until a signal ends it; returns the exit code.
     *
     * @param journal overrides the file's field; null: as it says
     */
    public static int run(
            Path file,
            Map<String, String> sets,
            @Nullable Path journal,
            PrintStream out,
            PrintStream err)
            throws ConfigException, EnvironmentException, InterruptedException {
        CoordinatorFile config = CoordinatorFile.read(file, sets);
        CommonOptions common = config.common();
        Service.log(common);
        var broken = new CompletableFuture<Throwable>();
        Coordinator.Builder builder =
                Coordinator.builder()
                        .id(common.id())
                        .zookeeper(common.zookeeper())
                        .chroot(common.chroot())
                        .bind(common.bindHost(), common.port())
                        .advertisedHost(common.advertisedHost())
                        .sessionTimeout(common.sessionTimeout())
                        .security(common.security())
                        .zookeeperAccess(common.zookeeperAccess())
                        .heartbeat(config.heartbeat())
                        .lease(config.lease())
                        .jobLimits(JobLimits.defaults().withSettleNanos(config.settle().toNanos()))
                        .eventBuffer(config.eventBuffer())
                        .jobHistory(config.historyJobs(), config.historyAge())
                        .onFatal(broken::complete);
        HttpAddress http = common.http();
        if (http != null) {
            builder.http(http.host(), http.port());
            common.httpNames().forEach(builder::httpName);
            if (http.token() != null) {
                builder.httpToken(http.token());
            }
        }
        Path events = journal == null ? config.journal() : journal.toAbsolutePath();
        if (events != null) {
            builder.journal(events);
        }
        Coordinator coordinator = builder.build();
        try {
            coordinator.start();
        } catch (IOException e) {
            throw new EnvironmentException(
                    "coordinator "
                            + common.id()
                            + " did not start: "
                            + e.getMessage()
                            + "; its log is "
                            + common.log(),
                    e);
        }
        out.println(
                "coordinator "
                        + common.id()
                        + " listens on "
                        + common.bindHost()
                        + ":"
                        + coordinator.port()
                        + ", reached as "
                        + common.advertisedHost()
                        + ":"
                        + coordinator.port()
                        + "; log: "
                        + common.log());
        var _ =
                coordinator.listen(event -> {
                    if (event.event() instanceof CoordinatorEvent.LeadershipGained
                            || event.event() instanceof CoordinatorEvent.LeadershipLost) {
                        out.println(
                                "coordinator " + common.id() + ": " + EventText.of(event.event()));
                    }
                });
        coordinator
                .httpUrl()
                .ifPresent(url -> out.println("coordinator " + common.id() + ": HTTP at " + url));
        boolean certified = common.security() instanceof WireSecurity.MutualTls;
        if (http != null && !http.warning(certified).isEmpty()) {
            err.println("coxswain: " + http.warning(certified));
        }
        if (common.security() instanceof WireSecurity.Plaintext) {
            Service.shout(common.id(), err);
        }
        return Service.serve("coordinator " + common.id(), coordinator, broken, common, err);
    }
}
