package io.coxswain.launcher.local;

import io.coxswain.agent.ArenaSweep;
import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.service.HttpAddress;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A cluster on one machine: an embedded ZooKeeper and a coordinator in this process, and agents in
 * processes of their own, each of which starts its worker. Agents do not outlive this process,
 * whatever ends it. Thread-safe.
 */
public final class LocalCluster implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);
    private static final String CHROOT = "/coxswain";
    private static final long ATTACH_SECONDS = 60;

    /** The first view waits this long for agents that still load the job. */
    private static final Duration SETTLE = Duration.ofSeconds(30);

    private static final int MIN_SESSION_MILLIS = 1_000;

    /**
     * Everything shares one machine, so a session that ends early tells of a busy machine and not
     * of a dead one. Deaths are seen by the broken streams, whatever this is.
     */
    static final Duration SESSION = Duration.ofSeconds(30);

    private static final long END_LIMIT_MILLIS = 4_000;

    /** Writing an archive of class data takes a while on a busy machine. */
    private static final long ARCHIVE_LIMIT_MILLIS = 60_000;

    private static final long CANCEL_LIMIT_MILLIS = 2_000;

    /**
     * What to start.
     *
     * @param agents in all, spares included; they are {@code agent-0} and so on, each a failure
     *     domain of its own
     * @param arenas folder on tmpfs, in which each agent makes a folder
     * @param arenaBudgetBytes shared memory that each agent may use
     * @param faults to inject
     * @param workerEnvironment of all workers; {@value #AGENT_INDEX} in a value stands for the
     *     number of the worker's agent, from 0
     * @param http of the coordinator; null: none
     * @param journal whether it writes its events into the run's folder
     */
    public record Plan(
            int agents,
            List<FaultSpec> faults,
            RunFolder run,
            Path arenas,
            long arenaBudgetBytes,
            Map<String, String> workerEnvironment,
            @Nullable HttpAddress http,
            boolean journal) {
        /** Stands for an agent's number. */
        public static final String AGENT_INDEX = "{agent}";

        public Plan {
            faults = List.copyOf(faults);
            workerEnvironment = Map.copyOf(workerEnvironment);
        }

        /** With a journal. */
        public Plan(
                int agents,
                List<FaultSpec> faults,
                RunFolder run,
                Path arenas,
                long arenaBudgetBytes,
                Map<String, String> workerEnvironment,
                @Nullable HttpAddress http) {
            this(agents, faults, run, arenas, arenaBudgetBytes, workerEnvironment, http, true);
        }

        /** Without an HTTP port. */
        public Plan(
                int agents,
                List<FaultSpec> faults,
                RunFolder run,
                Path arenas,
                long arenaBudgetBytes,
                Map<String, String> workerEnvironment) {
            this(agents, faults, run, arenas, arenaBudgetBytes, workerEnvironment, null);
        }

        /**
         * The name of an agent. Names sort as their numbers do: the coordinator gives ranks in the
         * order of names.
         */
        public String agentId(int index) {
            int digits = Integer.toString(agents - 1).length();
            return String.format(Locale.ROOT, "agent-%0" + digits + "d", index);
        }
    }

    /** Hears how the cluster does. Called on several threads. */
    public interface Listener extends CoordinatorListener {
        /** So many agents are up. */
        void agentsUp(int up);

        /** A fault was injected. */
        void injected(FaultSpec fault);

        /** An agent ended that nobody killed. */
        void agentEnded(AgentProcess agent, int status);

        /** The job waits for so many agents; the command starts one that joins this cluster. */
        void agentsNeeded(int more, String command);

        /** The coordinator met a bug of its own and stopped. */
        void broken(Throwable bug);
    }

    private final Plan plan;
    private final Listener listener;
    private final List<AgentProcess> agents = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Coordinator> ready = new CompletableFuture<>();
    private final Set<String> attachedAgents = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<@Nullable Void> attached = new CompletableFuture<>();
    private final CompletableFuture<EmbeddedZooKeeper> zookeeper = new CompletableFuture<>();
    private final CompletableFuture<FaultInjector> injector = new CompletableFuture<>();
    private final ExecutorService faultThread =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().name("faults").factory());
    private final Outlook outlook = new Outlook(this::lives);
    private int joined;
    // Of the job; 0 before there is one.
    private volatile int ranks;
    private final CompletableFuture<JobReport> hopeless = new CompletableFuture<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile @Nullable Coordinator coordinator;

    private LocalCluster(Plan plan, Listener listener) {
        this.plan = plan;
        this.listener = listener;
    }

    /**
     * Starts everything and returns without waiting; {@link #ready} tells how it went.
     *
     * @throws EnvironmentException if not even a process can be started; nothing runs then
     */
    public static LocalCluster start(Plan plan, Listener listener) throws EnvironmentException {
        var cluster = new LocalCluster(plan, listener);
        try {
            cluster.startAgents();
        } catch (IOException e) {
            cluster.close();
            throw new EnvironmentException("cannot start an agent's process: " + e.getMessage(), e);
        }
        Thread.ofPlatform().name("cluster-start").daemon().start(cluster::startServices);
        return cluster;
    }

    private void startAgents() throws IOException {
        var _ = ArenaSweep.sweep(plan.arenas());
        for (int i = 0; i < plan.agents(); i++) {
            agents.add(startAgent(i));
        }
        injector.complete(
                new FaultInjector(
                        agents, plan.faults(), (fault, nanos) -> listener.injected(fault)));
    }

    private AgentProcess startAgent(int index) throws IOException {
        String id = plan.agentId(index);
        // One agent and its worker are enough.
        boolean archive = index == 0 && ClassArchives.making();
        List<String> command =
                JavaProcess.agent(
                        AgentMain.class.getName(),
                        archive,
                        arguments(
                                archive,
                                "id=" + id,
                                "domain=local/" + id,
                                "arena=" + plan.arenas(),
                                "arena-bytes=" + plan.arenaBudgetBytes(),
                                "logs=" + plan.run().folder(id + "-workers")));
        AgentProcess agent =
                AgentProcess.start(
                        index,
                        id,
                        command,
                        plan.run().log(id),
                        plan.arenas(),
                        coordinate -> injector.join().reached(index, coordinate));
        // Not among the arguments, which everybody on this machine can read.
        plan.workerEnvironment()
                .forEach((name, value) ->
                        agent.order(
                                AgentLines.environment(
                                        name,
                                        value.replace(Plan.AGENT_INDEX, Integer.toString(index)))));
        var _ =
                agent.exited()
                        .thenAccept(status -> {
                            if (!closing.get()) {
                                outlook.ended(id, status);
                                judge();
                            }
                            if (!closing.get() && !agent.killed()) {
                                listener.agentEnded(agent, status);
                            }
                        });
        return agent;
    }

    private static List<String> arguments(boolean archive, String... always) {
        var arguments = new ArrayList<>(List.of(always));
        if (archive) {
            arguments.add("archive=yes");
        }
        return arguments;
    }

    private void startServices() {
        try {
            EmbeddedZooKeeper server =
                    EmbeddedZooKeeper.start(plan.run().folder("zookeeper"), MIN_SESSION_MILLIS);
            zookeeper.complete(server);
            for (AgentProcess agent : agents) {
                agent.order(AgentLines.connect(server.connectString() + CHROOT));
            }
            Coordinator.Builder builder =
                    Coordinator.builder()
                            .zookeeper(server.connectString())
                            .chroot(CHROOT)
                            .sessionTimeout(SESSION)
                            .id("launcher-" + ProcessHandle.current().pid())
                            .jobLimits(JobLimits.defaults().withSettleNanos(SETTLE.toNanos()))
                            .onFatal(listener::broken);
            if (plan.journal()) {
                builder.journal(plan.run().events());
            }
            HttpAddress http = plan.http();
            if (http != null) {
                builder.http(http.host(), http.port());
                if (http.token() != null) {
                    builder.httpToken(http.token());
                }
            }
            Coordinator made = builder.build().start();
            coordinator = made;
            Files.writeString(plan.run().address(), "127.0.0.1:" + made.port());
            var _ = made.listen(this::heard);
            // For whoever asks from another terminal: --coordinator.
            Files.writeString(
                    plan.run().path().resolve("coordinator.address"),
                    "127.0.0.1:" + made.port() + "\n");
            awaitAgents();
            awaitAttached();
            ready.complete(made);
        } catch (IOException | RuntimeException e) {
            zookeeper.completeExceptionally(e);
            ready.completeExceptionally(
                    new EnvironmentException(
                            "the one-machine cluster did not start: " + e.getMessage(), e));
        } catch (EnvironmentException e) {
            ready.completeExceptionally(e);
        }
    }

    private void awaitAgents() throws EnvironmentException {
        var up = new AtomicInteger();
        var all = new ArrayList<CompletableFuture<Void>>();
        for (AgentProcess agent : agents) {
            all.add(agent.started().thenRun(() -> listener.agentsUp(up.incrementAndGet())));
        }
        try {
            var failed = new CompletableFuture<Void>();
            for (CompletableFuture<Void> one : all) {
                var _ =
                        one.exceptionally(failure -> {
                            failed.completeExceptionally(failure);
                            return null;
                        });
            }
            CompletableFuture.anyOf(
                            failed, CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)))
                    .join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new EnvironmentException(String.valueOf(cause.getMessage()), cause);
        }
    }

    // All agents are there before the job is: so the first N are its ranks, and the others its
    // spares.
    private void awaitAttached() throws EnvironmentException {
        try {
            attached.orTimeout(ATTACH_SECONDS, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            List<String> missing =
                    agents.stream()
                            .map(AgentProcess::agentId)
                            .filter(id -> !attachedAgents.contains(id))
                            .toList();
            throw new EnvironmentException(
                    String.join(", ", missing)
                            + " did not reach the coordinator within "
                            + ATTACH_SECONDS
                            + " s although up: see their logs in "
                            + plan.run().path(),
                    e);
        }
    }

    private void heard(SequencedEvent event) throws Exception {
        if (event.event() instanceof CoordinatorEvent.AgentAttached arrival
                && attachedAgents.add(arrival.agent())
                && attachedAgents.size() == agents.size()) {
            attached.complete(null);
        }
        listener.on(event);
        outlook.heard(event.event());
        judge();
        if (outlook.begun() && event.event() instanceof CoordinatorEvent.CapacityNeeded needed) {
            listener.agentsNeeded(needed.slots(), joinCommand());
        }
        // Killing waits for processes to die; what is shown does not wait with it.
        switch (event.event()) {
            case CoordinatorEvent.ViewActivated view ->
                    inject(faults -> faults.viewActivated(view.members()));
            case CoordinatorEvent.StepsCompleted steps ->
                    inject(faults -> faults.completed(steps.step()));
            case CoordinatorEvent.IncidentProgressed progress
                    when progress.phase() == Incident.Phase.RESTORE ->
                    inject(faults -> faults.restoring(progress.incident().id()));
            default -> {
                // Nothing of a fault's business.
            }
        }
    }

    // Nobody else will start one here: the user may. Its logs go where those of the others are.
    private String joinCommand() {
        String id = plan.agentId(plan.agents() + joined++);
        Path home = Path.of(System.getProperty("coxswain.home", ""));
        return String.join(
                " ",
                home.resolve("coxswain").toString(),
                "agent --config",
                home.resolve("examples/cluster/agent.yaml").toString(),
                "--set zookeeper=" + zookeeper.join().connectString(),
                "--set id=" + id,
                "--set failureDomain=local/" + id,
                "--set arena.budget=" + plan.arenaBudgetBytes(),
                "--set log=" + plan.run().log(id),
                "--set worker.programs=true",
                "--set worker.logs=" + plan.run().path().resolve(id + "-workers"));
    }

    private void judge() {
        String why = attached.isDone() ? outlook.hopeless(ranks) : null;
        if (why != null) {
            hopeless.completeExceptionally(new EnvironmentException(why));
        }
    }

    private boolean lives(String agentId) {
        return agents.stream()
                .anyMatch(one -> one.agentId().equals(agentId) && !one.exited().isDone());
    }

    private void inject(Consumer<FaultInjector> news) {
        if (!plan.faults().isEmpty()) {
            var _ = injector.thenAcceptAsync(news, faultThread);
        }
    }

    /**
     * Completes when the coordinator runs and all agents are up; fails with an {@link
     * EnvironmentException}.
     */
    public CompletableFuture<Coordinator> ready() {
        return ready.copy();
    }

    /**
     * Submits the job and completes with its report when it is over; fails with an {@link
     * EnvironmentException} if it is refused.
     */
    public CompletableFuture<JobReport> run(JobSpec job) {
        ranks = job.mesh().ranks();
        CompletableFuture<JobReport> report =
                ready.thenCompose(running ->
                        running.submit(job)
                                .thenCompose(outcome ->
                                        switch (outcome) {
                                            case SubmitOutcome.Accepted(String jobId) ->
                                                    running.result(jobId);
                                            case SubmitOutcome.Queued(String jobId, int _) ->
                                                    running.result(jobId);
                                            case SubmitOutcome.Refused(String reason) ->
                                                    CompletableFuture.failedFuture(
                                                            new EnvironmentException(
                                                                    "the job was refused: "
                                                                            + reason));
                                        }));
        return report.applyToEither(hopeless, told -> told);
    }

    /** Ends the job early and returns its report, null if none can be had soon. */
    public @Nullable JobReport cancel(String jobId) {
        Coordinator running = coordinator;
        if (running == null) {
            return null;
        }
        try {
            return running.cancel(jobId)
                    .thenCompose(_ -> running.result(jobId))
                    .orTimeout(CANCEL_LIMIT_MILLIS, TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            LOG.warn("no report of the cancelled job {}", jobId, e);
            return null;
        }
    }

    /** Why a job is where it is, as the coordinator says it; empty if it says nothing. */
    public String detail(String jobId) {
        Coordinator running = coordinator;
        if (running == null) {
            return "";
        }
        try {
            return running
                    .status()
                    .orTimeout(CANCEL_LIMIT_MILLIS, TimeUnit.MILLISECONDS)
                    .join()
                    .jobs()
                    .stream()
                    .filter(known -> known.jobId().equals(jobId))
                    .map(known -> known.detail())
                    .findFirst()
                    .orElse("");
        } catch (CompletionException e) {
            LOG.warn("no status of job {}", jobId, e);
            return "";
        }
    }

    /** The agents as they are now, by index. */
    public List<AgentProcess> agents() {
        return List.copyOf(agents);
    }

    /**
     * Kills now, wherever the agent is in its step. A dead host's memory is deleted in the
     * background.
     *
     * @return the monotonic nanosecond at which the signal was sent
     */
    public long kill(int agent, FaultSpec.Victim victim) {
        AgentProcess process = agents.get(agent);
        return switch (victim) {
            case HOST -> {
                long signalled = process.signalHost();
                Thread.ofPlatform().daemon().name("host-dies").start(process::awaitHostDead);
                yield signalled;
            }
            case WORKER -> process.signalWorker();
        };
    }

    /**
     * Starts an agent whose host was killed again, under its old name and without anything that it
     * held. Blocks until the old one is gone.
     */
    public void restart(int agent) throws IOException {
        agents.get(agent).awaitHostDead();
        AgentProcess fresh = startAgent(agent);
        agents.set(agent, fresh);
        fresh.order(AgentLines.connect(zookeeper.join().connectString() + CHROOT));
    }

    /** Faults whose coordinate was never reached. */
    public List<FaultSpec> faultsNotInjected() {
        return injector.isDone() ? injector.join().notInjected() : plan.faults();
    }

    /**
     * Ends every process that was started and removes what they left: nothing stays but logs. Safe
     * to repeat.
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        faultThread.shutdown();
        if (ClassArchives.making() && !agents.isEmpty()) {
            agents.getFirst().awaitWorkersGone(ARCHIVE_LIMIT_MILLIS);
        }
        agents.forEach(AgentProcess::askToEnd);
        Thread services = Thread.ofPlatform().name("cluster-end").start(this::closeServices);
        long deadline =
                System.nanoTime()
                        + (ClassArchives.making() ? ARCHIVE_LIMIT_MILLIS : END_LIMIT_MILLIS)
                                * 1_000_000;
        for (AgentProcess agent : agents) {
            try {
                agent.end(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            } catch (java.io.UncheckedIOException e) {
                LOG.warn("something stays behind", e);
            }
        }
        try {
            services.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeServices() {
        Coordinator running = coordinator;
        if (running != null) {
            running.close();
        }
        try {
            Files.deleteIfExists(plan.run().address());
        } catch (IOException e) {
            LOG.warn("the address of a coordinator that is gone stays behind", e);
        }
        if (zookeeper.isDone() && !zookeeper.isCompletedExceptionally()) {
            zookeeper.join().close();
        }
        try {
            RunFolder.delete(plan.run().folder("zookeeper"));
        } catch (IOException e) {
            LOG.warn("ZooKeeper's data stays in {}", plan.run().folder("zookeeper"), e);
        }
    }
}
