package io.coxswain.launcher.command;

import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.bridge.conformance.Check;
import io.coxswain.bridge.conformance.Conformance;
import io.coxswain.bridge.conformance.Limits;
import io.coxswain.bridge.conformance.Listener;
import io.coxswain.bridge.conformance.Report;
import io.coxswain.bridge.conformance.Result;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.conformance.KitJobs;
import io.coxswain.launcher.conformance.ReportTexts;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.local.UserProgram;
import io.coxswain.launcher.local.WorkerSettings;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code coxswain conformance}. */
@Command(
        name = "conformance",
        header = "Check whether a worker keeps to the bridge protocol.",
        description = {
            "",
            "Starts the worker as an agent would, many times, plays its agent, well and badly, and"
                    + " compares what it does with docs/bridge.md. Exits with 1 if a rule is"
                    + " broken.",
            "Without COMMAND: this version's own worker for the job."
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  coxswain conformance",
            "  coxswain conformance --list",
            "  coxswain conformance --only kill --seed 7 --rounds 50",
            "  coxswain conformance --kind mine --config '{}' -- python3 worker.py"
        })
public final class ConformanceCommand extends Shared implements Callable<Integer> {
    private static final Map<String, String> EXAMPLES =
            Map.of(
                    "reference", "examples/digits/job.yaml",
                    "pjrt", "examples/digits-xla/job.yaml");
    private static final int CLEAN_UP_SECONDS = 10;
    private static final String CANNOT_RUN = "Cannot run program";

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "The worker's program and arguments, after '--'.")
    private List<String> command = List.of();

    @Option(
            names = "--runtime",
            paramLabel = "KIND",
            defaultValue = "reference",
            description =
                    "Chooses the job where --job does not: reference or pjrt. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String runtime = "reference";

    @Option(
            names = "--job",
            paramLabel = "FILE",
            description =
                    "The job that the worker loads, on one rank; where it reduces by itself also on"
                            + " two. Default: the digits example, made small.")
    private @Nullable Path job;

    @Option(
            names = "--set",
            paramLabel = "FIELD=VALUE",
            description = "Overrides a field of the job file. Repeatable.")
    private Map<String, String> sets = new LinkedHashMap<>();

    @Option(
            names = "--slow",
            paramLabel = "FIELD=VALUE",
            description =
                    "Further overrides that make a step take minutes, for the checks that interrupt"
                            + " one. Default: an hour as runtime.minStepMillis. Repeatable.")
    private Map<String, String> slow = new LinkedHashMap<>();

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            description = "A runtime kind that job files do not know; takes the job file's place.")
    private @Nullable String kind;

    @Option(
            names = "--config",
            paramLabel = "JSON",
            description = "With --kind: the runtime's section. Default: {}.")
    private String config = "{}";

    @Option(
            names = "--slow-config",
            paramLabel = "JSON",
            description = "With --kind: the section with which a step takes minutes.")
    private @Nullable String slowConfig;

    @Option(
            names = "--env",
            paramLabel = "NAME=VALUE",
            description =
                    "A variable of the worker's environment, which is empty otherwise. Repeatable.")
    private Map<String, String> environment = new LinkedHashMap<>();

    @Option(
            names = "--only",
            paramLabel = "CHECK",
            description = "Only this check and what it builds upon. Repeatable.")
    private Set<String> only = new LinkedHashSet<>();

    @Option(names = "--list", description = "Lists the checks and their rules; runs none.")
    private boolean list;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the random moments. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "8",
            description = "How often a worker is killed. Default: ${DEFAULT-VALUE}.")
    private int rounds = Conformance.DEFAULT_ROUNDS;

    @Option(
            names = "--patience",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Multiplies all deadlines, for a slow or busy machine. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int patience = 1;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes the report there too.")
    private @Nullable Path json;

    @Option(
            names = "--arena-dir",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Folder for shared memory, on tmpfs. Default: ${DEFAULT-VALUE}.")
    private Path arenas = Path.of("/dev/shm");

    @Override
    public Integer call() throws Exception {
        if (list) {
            ReportTexts.list(Conformance.checks()).forEach(System.out::println);
            System.out.println();
            System.out.println("With collectives of the runtime (collectives.across: runtime):");
            ReportTexts.list(Conformance.checksOfWholeSteps()).forEach(System.out::println);
            return ExitCode.COMPLETED;
        }
        within("--rounds", rounds, 10_000);
        within("--patience", patience, 1_000);
        if (!Files.isDirectory(arenas)) {
            throw new EnvironmentException(
                    "no folder for shared memory at "
                            + arenas
                            + "; give one on tmpfs with --arena-dir");
        }
        KitJobs jobs = jobs();
        WorkerCommand worker = worker(jobs);
        Report report = run(kit(jobs, worker));
        if (json != null) {
            write(json, ReportTexts.json(report, worker.command()));
        }
        return report.passed() ? ExitCode.COMPLETED : ExitCode.FAILED;
    }

    private Conformance kit(KitJobs jobs, WorkerCommand worker) {
        try {
            return Conformance.of(worker.command())
                    .environment(worker.environment())
                    .folder(worker.folder())
                    .job(jobs.job())
                    .slowJob(jobs.slow())
                    .seed(seed)
                    .rounds(rounds)
                    .only(only)
                    .limits(Limits.DEFAULT.times(patience))
                    .arenas(arenas.toAbsolutePath());
        } catch (IllegalArgumentException e) {
            throw wrong("--only: " + e.getMessage());
        }
    }

    private Report run(Conformance kit) throws EnvironmentException, InterruptedException {
        Terminal terminal = Terminal.standardOutput();
        Thread self = Thread.currentThread();
        var ended = new CountDownLatch(1);
        // Ctrl-C leaves no process and no shared memory behind.
        var interruption =
                new Thread(
                        () -> {
                            self.interrupt();
                            awaitEnd(ended);
                        },
                        "conformance-interruption");
        Runtime.getRuntime().addShutdownHook(interruption);
        try {
            Report report =
                    kit.run(
                            new Listener() {
                                @Override
                                public void begins(Check check) {
                                    terminal.status("      " + check.name() + " …");
                                }

                                @Override
                                public void ended(Result result) {
                                    terminal.status("");
                                    ReportTexts.lines(result).forEach(terminal::line);
                                }
                            });
            Runtime.getRuntime().removeShutdownHook(interruption);
            terminal.line(ReportTexts.summary(report));
            return report;
        } catch (IOException e) {
            terminal.status("");
            String message = String.valueOf(e.getMessage());
            if (message.startsWith(CANNOT_RUN)) {
                throw wrong(message);
            }
            throw new EnvironmentException(message, e);
        } finally {
            ended.countDown();
        }
    }

    private static void awaitEnd(CountDownLatch ended) {
        try {
            boolean unusedInTime = ended.await(CLEAN_UP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private KitJobs jobs() throws ConfigException {
        if (kind == null && slowConfig != null) {
            throw wrong("--slow-config goes with --kind");
        }
        String example = EXAMPLES.get(runtime);
        if (example == null) {
            throw wrong("--runtime " + runtime + ": expected " + EXAMPLES.keySet());
        }
        Path file =
                job != null
                        ? job
                        : Path.of(System.getProperty("coxswain.home", ".")).resolve(example);
        boolean reduce = job == null && runtime.equals("reference");
        return KitJobs.read(
                new KitJobs.Source(file, reduce, sets, slow),
                kind == null ? null : new KitJobs.OtherRuntime(kind, config, slowConfig));
    }

    private WorkerCommand worker(KitJobs jobs) {
        if (!command.isEmpty()) {
            return new WorkerCommand(command, environment);
        }
        WorkerCommand own;
        try {
            own =
                    UserProgram.worker(
                            jobs.job().getRuntimeKind(),
                            jobs.job().getRuntimeJson(),
                            WorkerSettings.usual());
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage() + "; give the worker's command after '--'");
        }
        if (own.attachWait() != null) {
            throw wrong(
                    "the job says launch: attach, so it names no command; give the worker's command"
                            + " after '--'");
        }
        var variables = new LinkedHashMap<>(own.environment());
        variables.putAll(environment);
        return new WorkerCommand(own.command(), variables, own.folder(), false);
    }

    private static void write(Path file, String text) throws EnvironmentException {
        try {
            Files.writeString(file, text + System.lineSeparator());
        } catch (IOException e) {
            throw new EnvironmentException(
                    "the report cannot be written to " + file + ": " + e.getMessage(), e);
        }
    }

    private void within(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw wrong(option + " " + value + ": expected 1 to " + most);
        }
    }

    private CommandLine.ParameterException wrong(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }
}
