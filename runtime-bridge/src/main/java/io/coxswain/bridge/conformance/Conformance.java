package io.coxswain.bridge.conformance;

import io.coxswain.proto.control.v1.JobSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The conformance kit: {@code Conformance.of(command).job(job).run(listener)}.
 *
 * <p>Each check starts worker processes of its own, plays their agent, and kills them at its end.
 * Immutable: each setter returns another object. {@link #run} blocks; several at once are fine.
 */
public final class Conformance {
    /** How often checks with random moments try, unless told otherwise. */
    public static final int DEFAULT_ROUNDS = 8;

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final List<String> command;
    private final Map<String, String> environment;
    private final @Nullable Path folder;
    private final @Nullable JobSpec job;
    private final @Nullable JobSpec slowJob;
    private final long seed;
    private final int rounds;
    private final Set<String> only;
    private final Limits limits;
    private final Path arenas;

    private Conformance(
            List<String> command,
            Map<String, String> environment,
            @Nullable Path folder,
            @Nullable JobSpec job,
            @Nullable JobSpec slowJob,
            long seed,
            int rounds,
            Set<String> only,
            Limits limits,
            Path arenas) {
        this.command = command;
        this.environment = environment;
        this.folder = folder;
        this.job = job;
        this.slowJob = slowJob;
        this.seed = seed;
        this.rounds = rounds;
        this.only = only;
        this.limits = limits;
        this.arenas = arenas;
    }

    /**
     * Checks this worker.
     *
     * @param command program and arguments
     * @throws IllegalArgumentException if it is empty
     */
    public static Conformance of(List<String> command) {
        if (command.isEmpty()) {
            throw new IllegalArgumentException("a worker needs a command");
        }
        Path temporary = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
        return new Conformance(
                List.copyOf(command),
                Map.of(),
                null,
                null,
                null,
                1,
                DEFAULT_ROUNDS,
                Set.of(),
                Limits.DEFAULT,
                Files.isWritable(SHARED_MEMORY) ? SHARED_MEMORY : temporary);
    }

    /** All of the worker's environment beside the bridge's own variables; none by default. */
    public Conformance environment(Map<String, String> variables) {
        return new Conformance(
                command,
                Map.copyOf(variables),
                folder,
                job,
                slowJob,
                seed,
                rounds,
                only,
                limits,
                arenas);
    }

    /** The worker's working directory; by default this process's. */
    public Conformance folder(@Nullable Path value) {
        return new Conformance(
                command, environment, value, job, slowJob, seed, rounds, only, limits, arenas);
    }

    /**
     * The job that the worker loads. Its mesh is replaced: most checks use one rank, one uses two
     * shards, and where the worker makes steps whole ({@code collectives_across} is {@code
     * runtime}) some use two ranks. Its state should take some milliseconds to copy (tens of MB),
     * or kills will hardly ever hit a copy; a step should be short.
     */
    public Conformance job(JobSpec spec) {
        return new Conformance(
                command, environment, folder, spec, slowJob, seed, rounds, only, limits, arenas);
    }

    /**
     * The same job with a step that takes longer than an abort may, such as a minute. Without it
     * the checks that interrupt a step are skipped.
     */
    public Conformance slowJob(@Nullable JobSpec spec) {
        return new Conformance(
                command, environment, folder, job, spec, seed, rounds, only, limits, arenas);
    }

    /** Of the random moments; 1 by default. */
    public Conformance seed(long value) {
        return new Conformance(
                command, environment, folder, job, slowJob, value, rounds, only, limits, arenas);
    }

    /** How often checks with random moments try, at least 1. */
    public Conformance rounds(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("at least one round, not " + value);
        }
        return new Conformance(
                command, environment, folder, job, slowJob, seed, value, only, limits, arenas);
    }

    /**
     * Runs these checks only, and those that they build upon; all if empty.
     *
     * @throws IllegalArgumentException if there is no such check
     */
    public Conformance only(Set<String> checks) {
        List<String> known =
                Stream.concat(checks().stream(), checksOfWholeSteps().stream())
                        .map(Check::name)
                        .distinct()
                        .toList();
        for (String check : checks) {
            if (!known.contains(check)) {
                throw new IllegalArgumentException(
                        "there is no check '%s'; there are %s"
                                .formatted(check, String.join(", ", known)));
            }
        }
        return new Conformance(
                command,
                environment,
                folder,
                job,
                slowJob,
                seed,
                rounds,
                Set.copyOf(checks),
                limits,
                arenas);
    }

    /** How long to wait for what; {@link Limits#DEFAULT} by default. */
    public Conformance limits(Limits value) {
        return new Conformance(
                command, environment, folder, job, slowJob, seed, rounds, only, value, arenas);
    }

    /** Folder for arenas, on tmpfs; {@code /dev/shm} by default, where there is one. */
    public Conformance arenas(Path value) {
        return new Conformance(
                command, environment, folder, job, slowJob, seed, rounds, only, limits, value);
    }

    /** All checks of workers whose agents reduce, in the order in which they run. */
    public static List<Check> checks() {
        return Catalog.ENTRIES.stream().map(Catalog.Entry::check).toList();
    }

    /** All checks of workers that make steps whole, in the order in which they run. */
    public static List<Check> checksOfWholeSteps() {
        return Catalog.WHOLE.stream().map(Catalog.Entry::check).toList();
    }

    static boolean isWhole(JobSpec job) {
        return job.getCollectivesAcross().equals("runtime");
    }

    /**
     * Runs the checks.
     *
     * @throws IllegalStateException if no job was given
     * @throws IOException if the command cannot be started, or the kit's own files cannot be made
     */
    public Report run(Listener listener) throws IOException, InterruptedException {
        if (job == null) {
            throw new IllegalStateException("the kit needs a job that the worker can load");
        }
        List<Result> results = new ArrayList<>();
        Set<String> failed = new HashSet<>();
        var facts = new Trial.Facts();
        List<Catalog.Entry> entries = isWhole(job) ? Catalog.WHOLE : Catalog.ENTRIES;
        Set<String> wanted = Catalog.withNeeds(entries, only);
        for (Catalog.Entry entry : entries) {
            if (!wanted.isEmpty() && !wanted.contains(entry.check().name())) {
                continue;
            }
            listener.begins(entry.check());
            long start = System.nanoTime();
            Outcome outcome =
                    entry.needs().stream()
                            .filter(failed::contains)
                            .findFirst()
                            .<Outcome>map(need ->
                                    new Outcome.Skipped("it builds upon %s".formatted(need)))
                            .orElse(null);
            if (outcome == null) {
                outcome = run(entry, facts);
            }
            if (!(outcome instanceof Outcome.Passed)) {
                failed.add(entry.check().name());
            }
            var result = new Result(entry.check(), outcome, System.nanoTime() - start);
            results.add(result);
            listener.ended(result);
        }
        return new Report(facts.runtimeKind, seed, results);
    }

    /** Runs one check without those that it builds upon. */
    Outcome runAlone(String check, boolean deterministic) throws IOException, InterruptedException {
        var facts = new Trial.Facts();
        facts.deterministic = deterministic;
        return run(Catalog.entry(check), facts);
    }

    private Outcome run(Catalog.Entry entry, Trial.Facts facts)
            throws IOException, InterruptedException {
        Path sockets = Files.createTempDirectory("cxk");
        Path memory = Files.createTempDirectory(arenas, "cxk-");
        long ownSeed = seed * 31 + entry.check().name().hashCode();
        try (var trial = new Trial(this, sockets, memory, ownSeed, facts)) {
            try {
                return new Outcome.Passed(entry.body().run(trial));
            } catch (Broken e) {
                return new Outcome.Failed(e.expected(), e.found(), trial.lastWords());
            } catch (NotApplicable e) {
                return new Outcome.Skipped(String.valueOf(e.getMessage()));
            }
        } finally {
            delete(memory);
            delete(sockets);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }

    List<String> command() {
        return command;
    }

    Map<String, String> environment() {
        return environment;
    }

    @Nullable Path folder() {
        return folder;
    }

    JobSpec job() {
        return mesh(Objects.requireNonNull(job), 1, 1);
    }

    @Nullable JobSpec slowJob() {
        return slowJob == null ? null : mesh(slowJob, 1, 1);
    }

    static JobSpec mesh(JobSpec spec, int replicas, int shards) {
        return spec.toBuilder().setReplicas(replicas).setShards(shards).build();
    }

    int rounds() {
        return rounds;
    }

    Limits limits() {
        return limits;
    }
}
