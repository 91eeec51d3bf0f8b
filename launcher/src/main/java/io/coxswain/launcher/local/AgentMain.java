package io.coxswain.launcher.local;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.launcher.logs.Logs;
import io.coxswain.launcher.service.PreemptionNotice;
import io.coxswain.launcher.service.TerminationSignal;
import io.coxswain.security.WireSecurity;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;

/**
 * An agent of a one-machine cluster: takes orders as lines on standard input, says on standard
 * output what it reached, logs on standard error, and ends when standard input closes, which it
 * does when the launcher ends in whatever way.
 */
public final class AgentMain {
    private static final int STATUS_FAILED = 1;
    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration PREEMPTION = Duration.ofSeconds(30);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(3);

    /** For a worker that leaves an archive of class data behind, which takes it a while. */
    private static final WorkerSupervisor.Limits PATIENT =
            new WorkerSupervisor.Limits(
                    Duration.ofSeconds(30),
                    Duration.ofMillis(250),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(1));

    private final Map<String, String> options;
    private final AgentExtras extras;
    private final PrintStream lines;
    private final HoldingObserver holds;
    private final Map<String, String> workerEnvironment = new HashMap<>();
    private final AtomicInteger status = new AtomicInteger();
    private final AtomicBoolean closing = new AtomicBoolean();
    private @Nullable ReplicaAgent agent;
    private @Nullable Path arena;

    private AgentMain(Map<String, String> options, AgentExtras extras, PrintStream lines) {
        this.options = options;
        this.extras = extras;
        this.lines = lines;
        this.holds = new HoldingObserver(this::say);
    }

    /** Arguments are {@code name=value}; the launcher knows them. */
    public static void main(String[] args) {
        run(args, AgentExtras.NONE);
    }

    /** As {@link #main}, with more to it. Ends this process. */
    public static void run(String[] args, AgentExtras extras) {
        PrintStream lines = System.out;
        // What libraries print belongs into the log, not among the lines.
        System.setOut(System.err);
        Logs.toStream(System.err, Level.INFO);
        var options = new HashMap<String, String>();
        for (String arg : args) {
            int at = arg.indexOf('=');
            options.put(arg.substring(0, at), arg.substring(at + 1));
        }
        System.exit(new AgentMain(options, extras, lines).run());
    }

    private void say(String line) {
        lines.println(line);
        lines.flush();
    }

    private String option(String name) {
        String value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the option " + name + "= is missing");
        }
        return value;
    }

    private int run() {
        try (var orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            String order;
            while ((order = orders.readLine()) != null) {
                obey(order);
            }
        } catch (IOException | IllegalArgumentException e) {
            System.err.println(option("id") + ": " + e.getMessage());
            status.set(STATUS_FAILED);
        }
        close();
        return status.get();
    }

    private void obey(String order) throws IOException {
        String[] words = order.split(" ", 3);
        switch (words[0]) {
            case AgentLines.ENVIRONMENT ->
                    workerEnvironment.put(words[1], AgentLines.decoded(words[2]));
            case AgentLines.CONNECT -> start(words[1]);
            case AgentLines.HOLD -> holds.hold(Long.parseLong(words[1]), words[2]);
            case AgentLines.RELEASE -> holds.release();
            default -> {
                if (!extras.obey(order)) {
                    throw new IllegalArgumentException("no such order: " + words[0]);
                }
            }
        }
    }

    private void start(String zookeeper) throws IOException {
        boolean archive = options.containsKey("archive");
        Path logs = Files.createDirectories(Path.of(option("logs")));
        String millis = options.get("session-millis");
        Duration session =
                millis == null ? LocalCluster.SESSION : Duration.ofMillis(Long.parseLong(millis));
        String advertised = options.getOrDefault("advertised-host", LOOPBACK);
        WorkerSettings workers =
                WorkerSettings.usual().withLogs(logs).withEnvironment(workerEnvironment);
        ReplicaAgent.Builder builder =
                ReplicaAgent.builder()
                        .id(option("id"))
                        .zookeeper(zookeeper)
                        .sessionTimeout(session)
                        .bind(options.getOrDefault("bind-host", LOOPBACK), 0)
                        .advertised(advertised, 0)
                        .failureDomain(option("domain"))
                        .arenaRoot(Path.of(option("arena")))
                        .arenaBudgetBytes(Long.parseLong(option("arena-bytes")))
                        .logFolder(logs)
                        .observer(holds)
                        .workerLimits(archive ? PATIENT : WorkerSupervisor.Limits.DEFAULT)
                        .workerCommands((kind, section) ->
                                kind.equals(UserProgram.KIND)
                                        ? UserProgram.command(section, workers)
                                        : JavaProcess.worker(kind, workers, archive))
                        .onFatal(this::broken);
        if (options.containsKey("plaintext")) {
            // In a network namespace of this machine.
            builder.security(WireSecurity.plaintext());
        }
        extras.prepare(builder);
        ReplicaAgent made = builder.build();
        agent = made;
        // What can leave in order does.
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("end").unstarted(this::close));
        made.start();
        arena = made.arenaFolder();
        var notice = new PreemptionNotice(made, preemption(), System.err::println);
        TerminationSignal.handle(() -> notice.given(AgentMain::end));
        say(AgentLines.up(made.dataEndpoint().port()));
    }

    // On a thread of its own: it comes on the one that decides, for which closing waits.
    private static void end(int code) {
        Thread.ofPlatform().name("leave").start(() -> System.exit(code));
    }

    private Duration preemption() {
        String millis = options.get("preemption-millis");
        return millis == null ? PREEMPTION : Duration.ofMillis(Long.parseLong(millis));
    }

    private void broken(Throwable bug) {
        bug.printStackTrace();
        System.err.println(option("id") + ": a broken invariant stops this agent: " + bug);
        status.set(STATUS_FAILED);
        close();
        Runtime.getRuntime().halt(STATUS_FAILED);
    }

    // What hangs must not keep the process or its memory: the launcher may be gone.
    private void close() {
        holds.releaseAll();
        ReplicaAgent running = agent;
        if (running == null || !closing.compareAndSet(false, true)) {
            return;
        }
        Thread closing = Thread.ofPlatform().daemon().name("agent-close").start(running::close);
        try {
            if (!closing.join(CLOSE_LIMIT)) {
                System.err.println(
                        option("id")
                                + ": did not close within "
                                + CLOSE_LIMIT.toMillis()
                                + " ms; the process ends all the same");
                // The agent itself answers no questions while it closes.
                ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
                if (arena != null) {
                    RunFolder.delete(arena);
                }
                Runtime.getRuntime().halt(STATUS_FAILED);
            }
        } catch (IOException e) {
            System.err.println(
                    option("id") + ": its shared memory stays behind: " + e.getMessage());
            Runtime.getRuntime().halt(STATUS_FAILED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
