package io.coxswain.chaos.cluster;

import io.coxswain.chaos.checker.Evidence;
import io.coxswain.chaos.checker.Expected;
import io.coxswain.chaos.checker.JobFacts;
import io.coxswain.chaos.checker.Oracle;
import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.StoreOutage;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.chaos.nemesis.Nemesis;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.Setup;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.train.ReportFile;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitResponse;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A cluster of real processes on this machine, for one scenario: started, it waits with all its
 * agents attached; {@link #play} runs its job, brings the faults about, ends everything and judges.
 * Linux only. Not for use by several threads.
 */
public final class Cluster implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    static final String JOB_ID = "chaos";
    private static final long ATTACH_SECONDS = 60;
    private static final long REPORT_SECONDS = 20;

    private final Setup setup;
    private final ClusterSpec spec;
    private final Path folder;
    private final Path arenas;
    private final Consumer<String> narrator;
    private final LocalProcesses processes;
    private final Leftovers leftovers;
    private final ArenaWatch watch;
    private final Credentials credentials;
    private final EventStream events;
    private final ExecutorService watcher =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().name("arena-watch").factory());
    private final AtomicBoolean looking = new AtomicBoolean();
    private final List<Happening.Told> journal = new CopyOnWriteArrayList<>();
    private final List<Happening.Ended> ends = new CopyOnWriteArrayList<>();
    private final Set<String> attached = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<@Nullable Void> allAttached = new CompletableFuture<>();
    private final CompletableFuture<CoordinatorEvent.JobFinished> finished =
            new CompletableFuture<>();
    private volatile @Nullable Nemesis nemesis;
    private volatile @Nullable StoreWatch stores;
    private boolean played;

    private Cluster(Builder builder, JobFile job) throws IOException {
        this.setup = builder.setup;
        this.folder = builder.folder;
        this.arenas = builder.arenas;
        this.narrator = builder.narrator;
        this.spec =
                new ClusterSpec(
                        job,
                        setup.spares(),
                        setup.rack(),
                        setup.session(),
                        builder.proxied,
                        folder,
                        arenas,
                        setup.zookeepers(),
                        setup.namespaces(),
                        setup.standbys());
        java.nio.file.Files.createDirectories(folder);
        this.processes = new LocalProcesses(spec, this::happened, this::coordinatorUp);
        this.leftovers = new Leftovers(processes.arenas());
        this.watch = new ArenaWatch(processes.arenas());
        this.credentials = setup.namespaces() ? Credentials.plaintext() : Credentials.none();
        this.events = new EventStream(folder.resolve("events.jsonl"), credentials, this::happened);
    }

    /** A builder for a cluster of that setup. */
    public static Builder builder(Setup setup) {
        return new Builder(setup);
    }

    /**
     * To play on a cluster that is somebody's own and runs already.
     *
     * @param endpoint of the leading coordinator, {@code host:port}, or of ZooKeeper, which knows
     *     who leads: {@code zookeeper://host:port,host:port/path}
     */
    public static AttachedCluster.Builder attach(String endpoint, Credentials credentials) {
        return new AttachedCluster.Builder(endpoint, credentials);
    }

    /** What a cluster is started with. */
    public static final class Builder {
        private final Setup setup;
        private Set<Plane> proxied = EnumSet.noneOf(Plane.class);
        private Path folder = Path.of("chaos-run");
        private Path arenas = Path.of("/dev/shm");
        private Consumer<String> narrator = line -> {};

        private Builder(Setup setup) {
            this.setup = setup;
        }

        /** The planes before which proxies stand: needed where links are to fail. */
        public Builder proxied(Set<Plane> planes) {
            proxied = Set.copyOf(planes);
            return this;
        }

        /** Where logs, events and report go. */
        public Builder folder(Path path) {
            folder = path.toAbsolutePath();
            return this;
        }

        /** A folder on tmpfs. Default {@code /dev/shm}. */
        public Builder arenas(Path path) {
            arenas = path;
            return this;
        }

        /** Told what happens, a line at a time, on several threads. */
        public Builder narrator(Consumer<String> lines) {
            narrator = lines;
            return this;
        }

        /**
         * Starts everything; returns when all agents are attached.
         *
         * @throws ConfigException if the job's file cannot be used
         * @throws EnvironmentException if the machine is not as needed; nothing runs then
         */
        public Cluster start() throws ConfigException, EnvironmentException {
            JobFile job = JobFile.read(setup.job(), setup.sets());
            MemoryPlan.of(job, job.mesh().ranks() + setup.spares()).require(arenas);
            Cluster cluster;
            try {
                cluster = new Cluster(this, job);
            } catch (IOException e) {
                throw new EnvironmentException(
                        "cannot write to " + folder + ": " + e.getMessage(), e);
            }
            try {
                OpenClusters.add(cluster);
                cluster.start();
                return cluster;
            } catch (EnvironmentException e) {
                cluster.close();
                throw e;
            } catch (IOException | RuntimeException e) {
                cluster.close();
                throw new EnvironmentException(
                        "the cluster did not start: " + e.getMessage() + "; logs: " + folder, e);
            }
        }
    }

    private void start() throws IOException {
        processes.start();
        try {
            allAttached.get(ATTACH_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            List<String> missing =
                    processes.agents().stream().filter(id -> !attached.contains(id)).toList();
            throw new IOException(
                    missing + " did not reach the coordinator within " + ATTACH_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void coordinatorUp() {
        events.coordinatorAt(processes.coordinatorAddress());
        if (played) {
            // It may have found the job and ended it before anybody listened.
            Thread.ofVirtual().name("job-look").start(this::lookAtJob);
        }
    }

    private void lookAtJob() {
        try {
            JobStatus job = status();
            if (job != null && AdminTexts.ended(job.getPhase())) {
                finished.complete(
                        new CoordinatorEvent.JobFinished(
                                JOB_ID,
                                job.getPhase() == JobPhase.JOB_PHASE_COMPLETED,
                                job.getDetail(),
                                ""));
            }
        } catch (EnvironmentException e) {
            LOG.info("the new coordinator does not answer: {}", e.getMessage());
        }
    }

    private void happened(Happening happening) {
        switch (happening) {
            case Happening.Told told -> told(told);
            case Happening.Ended ended -> {
                ends.add(ended);
                narrator.accept(ended.party() + " ended by itself, status " + ended.status());
            }
            case Happening.Reached _ -> {
                // The nemesis' business.
            }
        }
        Nemesis playing = nemesis;
        if (playing != null) {
            playing.happened(happening);
        } else if (happening instanceof Happening.Reached(int agent, long _, String _)) {
            processes.release(agent);
        }
    }

    private void told(Happening.Told told) {
        journal.add(told);
        switch (told.event()) {
            case CoordinatorEvent.AgentAttached arrival -> {
                attached.add(arrival.agent());
                if (attached.size() == spec.agents()) {
                    allAttached.complete(null);
                }
            }
            case CoordinatorEvent.StepsCompleted _ -> look();
            case CoordinatorEvent.IncidentClosed closed -> {
                look();
                narrator.accept(
                        "  recovered from "
                                + closed.incident().cause()
                                + " of "
                                + closed.incident().agents()
                                + ", "
                                + closed.incident().stepsLost()
                                + " steps lost");
            }
            case CoordinatorEvent.JobFinished end -> {
                if (told.jobId().equals(JOB_ID)) {
                    finished.complete(end);
                }
            }
            default -> {
                // Kept in the journal.
            }
        }
    }

    // One look at a time; what comes meanwhile is seen by the next.
    private void look() {
        if (looking.compareAndSet(false, true) && !watcher.isShutdown()) {
            try {
                watcher.execute(() -> {
                    looking.set(false);
                    watch.look();
                });
            } catch (java.util.concurrent.RejectedExecutionException e) {
                LOG.debug("closing", e);
            }
        }
    }

    /** The processes of all parties that live, by name. */
    public Map<String, Long> pids() {
        return processes.pids();
    }

    /** Plays a whole scenario. Once for each cluster; nothing of the cluster runs afterwards. */
    public Outcome play(Scenario scenario) throws EnvironmentException {
        return play(scenario, 0);
    }

    /**
     * As {@link #play(Scenario)}.
     *
     * @param seed of random choices
     */
    public Outcome play(Scenario scenario, long seed) throws EnvironmentException {
        var oracles = new ArrayList<Oracle>();
        oracles.add(Expected.of(scenario.expectation(), scenario.rules()));
        Oracles.chosen(scenario).forEach(name -> oracles.add(Oracles.named(name)));
        return play(scenario.name(), scenario.target(), scenario.rules(), oracles, seed);
    }

    /** Brings these faults about while the job runs to its end; that it completes is expected. */
    public Outcome play(Rule... rules) throws EnvironmentException {
        return play(List.of(rules));
    }

    /** As {@link #play(Rule...)}. */
    public Outcome play(List<Rule> rules) throws EnvironmentException {
        return play(
                "scenario", "", rules, List.of(Expected.of(Expectation.completion(), rules)), 0);
    }

    /**
     * Plays rules and lets those oracles judge.
     *
     * @param seed of random choices
     * @throws IllegalArgumentException if a rule can hit nobody here, or comes after the last step;
     *     nothing has happened then
     */
    public Outcome play(
            String name, String target, List<Rule> rules, List<Oracle> oracles, long seed)
            throws EnvironmentException {
        if (played) {
            throw new IllegalStateException("a cluster plays once");
        }
        List<String> complaints = ScenarioCheck.complaints(spec, rules);
        if (!complaints.isEmpty()) {
            throw new IllegalArgumentException(String.join(System.lineSeparator(), complaints));
        }
        long begun = System.nanoTime();
        var playing = new Nemesis(processes, rules, seed, this::narrate);
        nemesis = playing;
        played = true;
        playing.begin();
        submit();
        watchStores(rules);
        End end = awaitEnd(playing);
        List<Firing> firings = playing.firings();
        List<ProcessHandle> family = ProcessHandle.current().descendants().toList();
        close();
        Evidence evidence = evidence(end, firings, family);
        List<Verdict> verdicts = oracles.stream().map(oracle -> oracle.judge(evidence)).toList();
        return new Outcome(
                name,
                target,
                evidence,
                verdicts,
                folder,
                Duration.ofNanos(System.nanoTime() - begun));
    }

    private void narrate(Firing firing) {
        narrator.accept("  " + firing.text());
    }

    private void watchStores(List<Rule> rules) {
        if (rules.stream().anyMatch(rule -> StoreWatch.concerns(rule.victims()))) {
            var asker =
                    new StoreWatch.Asker(processes::coordinatorAddress, processes::leader, JOB_ID);
            var watching = new StoreWatch(() -> processes.zookeepers.leader().isPresent(), asker);
            stores = watching;
            watching.start();
        }
    }

    private List<StoreOutage> outages() {
        StoreWatch watching = stores;
        return watching == null ? List.of() : watching.outages();
    }

    private record End(
            boolean ended, boolean completed, String reason, @Nullable JobReport report) {}

    private void submit() throws EnvironmentException {
        SubmitResponse answer;
        if (spec.standbys() > 0) {
            // Whoever is asked may die before it has answered: asked again, by id.
            try {
                answer =
                        LeaderCalls.submit(
                                processes.leaderByZooKeeper(), spec.job().spec(JOB_ID), false);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new EnvironmentException("interrupted", e);
            }
        } else {
            try (AdminClient client = admin()) {
                answer = client.submit(spec.job().spec(JOB_ID), false);
            }
        }
        if (!answer.getAccepted()) {
            throw new EnvironmentException("the job was refused: " + answer.getReason());
        }
    }

    private AdminClient admin() throws EnvironmentException {
        return AdminClient.connect(credentials.at(processes.coordinatorAddress()));
    }

    private @Nullable JobStatus status() throws EnvironmentException {
        try (AdminClient client = admin()) {
            StatusResponse status = client.status(JOB_ID);
            return status.getJobsCount() == 0 ? null : status.getJobs(0);
        }
    }

    private End awaitEnd(Nemesis playing) {
        try {
            CoordinatorEvent.JobFinished end =
                    finished.get(setup.limit().toMillis(), TimeUnit.MILLISECONDS);
            // What stands still answers no questions.
            playing.close();
            return new End(true, end.completed(), end.reason(), report());
        } catch (TimeoutException e) {
            playing.close();
            String detail = "it was not over within " + setup.limit().toSeconds() + " s";
            try {
                JobStatus job = status();
                if (job != null) {
                    detail +=
                            "; "
                                    + AdminTexts.phase(job.getPhase())
                                    + " at step "
                                    + job.getCompletedStep()
                                    + ": "
                                    + job.getDetail();
                }
            } catch (EnvironmentException unanswered) {
                detail += "; " + unanswered.getMessage();
            }
            return new End(false, false, detail, null);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new End(false, false, "interrupted", null);
        }
    }

    private @Nullable JobReport report() {
        try {
            JobStatus job = status();
            if (job == null || job.getReportJson().isEmpty()) {
                return null;
            }
            JobReport report = JobReport.fromJson(job.getReportJson());
            ReportFile.write(folder.resolve("report.json"), report);
            return report;
        } catch (EnvironmentException | IOException e) {
            LOG.warn("no report: {}", e.getMessage());
            return null;
        }
    }

    private Evidence evidence(End end, List<Firing> firings, List<ProcessHandle> family)
            throws EnvironmentException {
        List<String> left;
        try {
            left = leftovers.find(family);
            left.addAll(processes.complaints());
        } catch (IOException e) {
            throw new EnvironmentException("cannot look for what is left: " + e.getMessage(), e);
        }
        return new Evidence(
                JobFacts.of(spec.job().spec("facts")),
                end.ended(),
                end.completed(),
                end.reason(),
                end.report(),
                journal,
                ends,
                firings,
                watch.digests(),
                left,
                () -> Baseline.of(setup, folder.resolve("fault-free"), arenas),
                outages());
    }

    /** Heals everything, ends every process and removes its memory. Safe to repeat. */
    @Override
    public void close() {
        Nemesis playing = nemesis;
        if (playing != null) {
            playing.close();
        }
        StoreWatch watching = stores;
        if (watching != null) {
            watching.close();
        }
        events.close();
        watcher.shutdown();
        try {
            if (!watcher.awaitTermination(REPORT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the watch over shared memory does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        processes.close();
        OpenClusters.remove(this);
    }

    /** Removes the artifacts. */
    public void forget() throws IOException {
        RunFolder.delete(folder);
    }
}
