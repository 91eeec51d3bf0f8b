package io.coxswain.chaos.planning;

import io.coxswain.chaos.command.StopAsked;
import io.coxswain.chaos.planning.engine.Conditions;
import io.coxswain.chaos.planning.engine.Costs;
import io.coxswain.chaos.planning.engine.RefusedException;
import io.coxswain.chaos.planning.engine.Survival;
import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureModel;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.ModelFile;
import io.coxswain.chaos.planning.failure.TraceFile;
import io.coxswain.chaos.planning.policy.DiskSettings;
import io.coxswain.chaos.planning.report.HtmlPage;
import io.coxswain.chaos.planning.report.PlanReport;
import io.coxswain.chaos.planning.report.PlanTable;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Nearest;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.train.WholeFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code coxswain simulate}: a training run against failures, before the machines are bought. */
@Command(
        name = "simulate",
        header = "Plans capacity: plays a training run against a failure trace.",
        description = {
            "The coordinator's production code decides; agents, network and failures are modelled"
                    + " in virtual time. Prints goodput and where the rest went, spares and"
                    + " intervals to choose, and compares with restarts from disk.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  coxswain simulate --agents 16384 --days 54 --failures llama3 --spares 64",
            "  coxswain simulate --agents 2048 --days 30 --sweep spares=0..32 --html plan.html"
        })
public final class SimulateCommand implements Callable<Integer> {
    private static final double DAY = 86_400e9;
    private static final int MOST_MACHINES = 1_000_000;
    private static final int MOST_DAYS = 3_650;

    /** Of one rank: what an agent needs for it stays countable. */
    private static final long MOST_BYTES = 1_000_000_000_000_000L;

    private static final List<String> MODELS = List.of("llama3", "llama3+planned", "none");

    /** Between progress lines where there is no terminal to redraw one. */
    private static final long QUIET_NANOS = 15_000_000_000L;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private JobAsked job = new JobAsked();

    @Mixin private FailuresAsked failing = new FailuresAsked();

    @Mixin private DiskAsked disk = new DiskAsked();

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            split = ",",
            description =
                    "disk, copies (no spares), copies+spares; all on the same trace. Default:"
                            + " disk,copies+spares.")
    private List<String> policies = List.of("disk", "copies+spares");

    @Option(
            names = "--sweep",
            paramLabel = "OPTION=VALUES",
            description =
                    "Runs copies+spares for each: spares=0..128, copies=0..3, interval=1,6,36.")
    private @Nullable String sweep;

    @Option(
            names = "--target",
            paramLabel = "PERCENT",
            description = "Finds the fewest spares, up to --spares, that reach that goodput.")
    private @Nullable Double target;

    @Option(names = "--report", paramLabel = "FILE", description = "Writes all of it as JSON.")
    private @Nullable Path report;

    @Option(names = "--html", paramLabel = "FILE", description = "Writes a page with plots.")
    private @Nullable Path html;

    @Option(
            names = "--trace-csv",
            paramLabel = "FILE",
            description = "Writes the failures, in the format that --failures reads.")
    private @Nullable Path traceCsv;

    /** So soon there is a first one. */
    private static final long FIRST_NANOS = 2_000_000_000L;

    /** Failures of a trace that come after the end of the run. */
    private int late;

    private long lastSaidNanos = System.nanoTime() - QUIET_NANOS + FIRST_NANOS;

    @Override
    public Integer call() throws ConfigException, EnvironmentException, IOException {
        SweepAsked swept = checked();
        long duration = Math.round(job.days * DAY);
        int most = swept != null && swept.option().equals("spares") ? swept.most() : 0;
        Fleet fleet =
                new Fleet(
                        job.agents + job.spares,
                        job.perRack,
                        job.racksPerSwitch,
                        job.switchesPerPower);
        Fleet largest = fleet.withMachines(job.agents + Math.max(job.spares, most));
        Costs costs =
                failing.costs == null
                        ? Costs.assumed()
                        : CostsFile.read(failing.costs, Costs.assumed());
        FailureTrace trace = trace(largest, duration);
        if (traceCsv != null) {
            write(traceCsv, String.join("\n", TraceFile.write(trace)) + "\n");
        }
        Conditions conditions = conditions(fleet, duration, costs, trace, swept);
        DiskSettings settings = diskSettings(conditions, trace);
        var terminal = new Terminal(System.err, Terminal.standardOutput().interactive());
        // Whoever stops it gets what is there.
        try (StopAsked stop = StopAsked.listen()) {
            PlanReport plan =
                    new Plan(
                                    conditions,
                                    settings,
                                    trace,
                                    (run, share) -> progress(terminal, run, share),
                                    stop::asked)
                            .run(
                                    policies,
                                    swept,
                                    target == null ? null : target / 100,
                                    told(conditions, settings),
                                    assumptions(costs));
            terminal.status("");
            PlanTable.lines(plan).forEach(System.out::println);
            if (late > 0) {
                System.out.println(
                        failing.failures
                                + ": "
                                + Texts.count(late, "failure")
                                + " after the end of the run left out.");
            }
            if (report != null) {
                write(report, plan.toJson() + "\n");
            }
            if (html != null) {
                write(html, HtmlPage.of(plan));
            }
            return ExitCode.COMPLETED;
        } catch (OutOfMemoryError full) {
            terminal.status("");
            throw new EnvironmentException(
                    "the plan needs more memory than the "
                            + Runtime.getRuntime().maxMemory() / 1_000_000
                            + " MB that it may use: set COXSWAIN_JAVA_OPTS=-Xmx8g, or ask for fewer"
                            + " --agents, --days or values of --sweep",
                    full);
        } catch (RefusedException refused) {
            terminal.status("");
            System.err.println(
                    "coxswain: the coordinator refuses the job: "
                            + Survival.inWords(String.valueOf(refused.getMessage()))
                            + " (here --copies, --protect-level, --agents-per-rack and --memory say"
                            + " so)");
            return ExitCode.FAILED;
        }
    }

    // ------------------------------------------------------------------ what was asked

    private @Nullable SweepAsked checked() throws ConfigException {
        bound("--agents", job.agents, 1, MOST_MACHINES);
        bound("--spares", job.spares, 0, MOST_MACHINES);
        if (job.spares > job.agents) {
            throw wrong(
                    "--spares "
                            + job.spares
                            + ": more spares than agents ("
                            + job.agents
                            + "); expected 0 to "
                            + job.agents);
        }
        bound("--replicas", job.replicas, 1, job.agents);
        if (job.agents % job.replicas != 0) {
            throw wrong(
                    "--replicas "
                            + job.replicas
                            + ": "
                            + job.agents
                            + " agents cannot be dealt to that many equal replicas");
        }
        bound("--copies", job.copies, 0, 16);
        bound("--agents-per-rack", job.perRack, 1, MOST_MACHINES);
        bound("--racks-per-switch", job.racksPerSwitch, 1, 1_000);
        bound("--switches-per-power", job.switchesPerPower, 1, 1_000);
        if (!(job.days > 0) || job.days > MOST_DAYS) {
            throw wrong("--days " + job.days + ": expected more than 0 and at most " + MOST_DAYS);
        }
        if (job.stepNanos < 1_000_000 || job.stepNanos > job.days * DAY) {
            throw wrong("--step: expected 1ms or more, and no more than --days");
        }
        if (job.stateBytes > MOST_BYTES) {
            throw wrong("--state: expected at most 1000TB");
        }
        if (!(failing.scale >= 0) || Double.isInfinite(failing.scale)) {
            throw wrong("--failure-scale " + failing.scale + ": expected 0 or more");
        }
        if (target != null && !(target > 0 && target < 100)) {
            throw wrong("--target " + target + ": expected a percentage between 0 and 100");
        }
        known("--protect-level", job.level, Survival.LEVELS);
        policies.forEach(policy -> known("--policy", policy, Plan.POLICIES));
        policies = policies.stream().distinct().toList();
        checkFiles();
        if (sweep == null) {
            return null;
        }
        try {
            SweepAsked swept = SweepAsked.parse(sweep);
            if (swept.option().equals("spares") && swept.most() > job.agents) {
                throw wrong("--sweep " + sweep + ": more spares than agents (" + job.agents + ")");
            }
            if (swept.option().equals("copies") && swept.most() > 16) {
                throw wrong("--sweep " + sweep + ": expected at most 16 copies");
            }
            return swept;
        } catch (IllegalArgumentException bad) {
            throw wrong("--sweep: " + bad.getMessage());
        }
    }

    private void checkFiles() throws ConfigException {
        var options = new LinkedHashMap<String, @Nullable Path>();
        options.put("--report", report);
        options.put("--html", html);
        options.put("--trace-csv", traceCsv);
        var names = new HashMap<Path, String>();
        for (Map.Entry<String, @Nullable Path> one : options.entrySet()) {
            Path file = one.getValue();
            if (file == null) {
                continue;
            }
            WholeFile.check(one.getKey(), file);
            Path name = file.toAbsolutePath().normalize();
            String other = names.putIfAbsent(name, one.getKey());
            boolean kept = Files.isRegularFile(file) || !Files.exists(file);
            if (other != null && kept) {
                throw wrong(
                        one.getKey()
                                + " and "
                                + other
                                + " both name "
                                + file
                                + "; expected two files");
            }
            if (name.equals(Path.of(failing.failures).toAbsolutePath().normalize())) {
                throw wrong(one.getKey() + " " + file + ": is the file that --failures reads");
            }
        }
    }

    private void bound(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw wrong(option + " " + value + ": expected " + least + " to " + most);
        }
    }

    private void known(String option, String name, List<String> names) {
        if (!names.contains(name)) {
            throw wrong(
                    option
                            + " "
                            + name
                            + ": expected one of "
                            + String.join(", ", names)
                            + near(name, names));
        }
    }

    private static String near(String name, List<String> names) {
        return Nearest.of(name, names).map(one -> "; did you mean " + one + "?").orElse("");
    }

    private CommandLine.ParameterException wrong(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    // ------------------------------------------------------------------ what fails

    private FailureTrace trace(Fleet fleet, long duration) throws ConfigException {
        if (!MODELS.contains(failing.failures) && !isModelFile()) {
            return traceFile(fleet, duration);
        }
        FailureModel model =
                switch (failing.failures) {
                    case "llama3" -> FailureModel.llama3();
                    case "llama3+planned" -> FailureModel.llama3Planned();
                    case "none" -> FailureModel.none();
                    default -> ModelFile.read(Path.of(failing.failures));
                };
        model = model.scaled(failing.scale);
        for (Map.Entry<String, Double> rate : failing.rates.entrySet()) {
            known("--rate", rate.getKey(), model.names());
            double value = rate.getValue();
            if (!(value >= 0) || value > 1e6) {
                throw wrong(
                        "--rate "
                                + rate.getKey()
                                + "="
                                + value
                                + ": expected 0 to 1,000,000 failures per 1,000 targets and"
                                + " day");
            }
            model = model.with(model.find(rate.getKey()).withRate(value));
        }
        for (Map.Entry<String, String> repair : failing.repairs.entrySet()) {
            known("--repair", repair.getKey(), model.names());
            try {
                long nanos = Quantities.nanos(repair.getValue());
                model = model.with(model.find(repair.getKey()).withRepair(nanos));
            } catch (IllegalArgumentException bad) {
                throw wrong("--repair " + repair.getKey() + "=" + bad.getMessage());
            }
        }
        double expected = model.perDay(fleet) * job.days;
        if (expected > 1e6) {
            throw wrong(
                    "the rates make "
                            + Math.round(expected)
                            + " failures; expected at most 1,000,000: check --rate and"
                            + " --failure-scale");
        }
        return model.draw(fleet, duration, failing.seed);
    }

    private boolean isModelFile() {
        return failing.failures.endsWith(".yaml") || failing.failures.endsWith(".yml");
    }

    private FailureTrace traceFile(Fleet fleet, long duration) throws ConfigException {
        Path file = Path.of(failing.failures);
        if (!Files.isRegularFile(file)) {
            throw wrong(
                    "--failures "
                            + failing.failures
                            + ": neither a model ("
                            + String.join(", ", MODELS)
                            + ", or a .yaml file of one's own) nor a trace's file"
                            + near(failing.failures, MODELS));
        }
        if (!failing.rates.isEmpty() || !failing.repairs.isEmpty() || failing.scale != 1) {
            throw wrong("--rate, --repair and --failure-scale change a model, not a trace");
        }
        try {
            List<Failure> all =
                    TraceFile.read(
                                    failing.failures,
                                    Files.readAllLines(file),
                                    fleet,
                                    Long.MAX_VALUE)
                            .failures();
            List<Failure> within =
                    all.stream().filter(failure -> failure.atNanos() < duration).toList();
            late = all.size() - within.size();
            return new FailureTrace(within, duration);
        } catch (CharacterCodingException wrong) {
            throw new ConfigException(
                    List.of(failing.failures + ": is not text in UTF-8; save it as such"));
        } catch (IOException unreadable) {
            throw new ConfigException(
                    List.of(failing.failures + ": cannot be read: " + unreadable.getMessage()));
        }
    }

    // ------------------------------------------------------------------ what is played

    private Conditions conditions(
            Fleet fleet,
            long duration,
            Costs costs,
            FailureTrace trace,
            @Nullable SweepAsked swept) {
        int copies =
                swept != null && swept.option().equals("copies")
                        ? Math.max(job.copies, swept.most())
                        : job.copies;
        // A rank's own slots and a restart's, and one copy more than asked: some move.
        long memory =
                job.memoryBytes != null
                        ? job.memoryBytes
                        : job.stateBytes * (4 + 3L * (copies + 1));
        long every;
        if (job.interval.equals("auto")) {
            double young = Plan.youngNanos(trace, (double) job.stallNanos);
            every = (long) Math.clamp(Math.rint(young / job.stepNanos), 1, 1_000_000);
        } else if (job.interval.matches("[1-9]\\d{0,6}")) {
            every = Long.parseLong(job.interval);
        } else {
            throw wrong(
                    "--interval "
                            + job.interval
                            + ": expected a number of steps, or auto (at most 9,999,999 steps)");
        }
        return new Conditions(
                fleet,
                job.replicas,
                job.agents,
                duration,
                job.stepNanos,
                job.stateBytes,
                job.copies,
                Survival.LEVELS.indexOf(job.level),
                every,
                job.stallNanos,
                job.copyRate,
                job.restoreRate,
                job.memoryRate,
                disk.diskRate,
                memory,
                job.durableNanos,
                failing.auditNanos,
                costs);
    }

    private DiskSettings diskSettings(Conditions conditions, FailureTrace trace) {
        long stall = disk.stallNanos != null ? disk.stallNanos : conditions.diskNanos();
        long interval;
        if (disk.interval.equals("auto")) {
            double young = Plan.youngNanos(trace, (double) stall);
            double most = conditions.durationNanos();
            interval = Math.clamp((long) Math.min(young, most), job.stepNanos, (long) most);
        } else if (disk.interval.equals("none")) {
            interval = 0;
        } else {
            try {
                interval = Converters.time(disk.interval);
                if (interval == 0) {
                    throw new IllegalArgumentException("'" + disk.interval + "': expected a time");
                }
            } catch (IllegalArgumentException bad) {
                throw wrong("--checkpoint-interval: " + bad.getMessage() + ", auto or none");
            }
        }
        return new DiskSettings(interval, stall, disk.restartNanos, conditions.diskNanos());
    }

    private Map<String, String> told(Conditions conditions, DiskSettings settings) {
        var told = new LinkedHashMap<String, String>();
        told.put(
                "title",
                job.agents + " agents, " + job.spares + " spares, " + trimmed(job.days) + " days");
        for (CommandLine.Model.OptionSpec option : spec.options()) {
            Object value = option.getValue();
            List<String> given = option.originalStringValues();
            boolean unsaid = value == null || (value instanceof Map<?, ?> map && map.isEmpty());
            if (option.usageHelp() || option.versionHelp() || unsaid) {
                continue;
            }
            String text =
                    !given.isEmpty()
                            ? String.join(",", given)
                            : option.defaultValue() != null ? option.defaultValue() : "" + value;
            told.put(option.longestName(), text);
        }
        told.put("snapshots taken every", conditions.effectiveEvery() + " steps");
        told.put("memory of an agent", conditions.memoryBytes() + " bytes");
        told.put("disk checkpoint interval", settings.intervalNanos() / 1_000_000_000L + " s");
        told.put("disk checkpoint stall", settings.stallNanos() / 1_000_000L + " ms");
        return told;
    }

    private static String trimmed(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private List<String> assumptions(Costs costs) {
        var list = new ArrayList<String>();
        list.add(
                "Phases of a recovery: "
                        + costs.source()
                        + "; detection "
                        + costs.detectNanos() / 1_000_000
                        + " ms, restoring without bytes "
                        + costs.restoreNanos() / 1_000_000
                        + " ms, a new machine joins in "
                        + costs.joinNanos() / 1_000_000_000L
                        + " s.");
        if (MODELS.contains(failing.failures) && !failing.failures.equals("none")) {
            list.add(
                    "Llama 3's table says how often what failed; repair times, and which failures"
                            + " take a rack or a switch, are assumed (4 of 35 network failures a"
                            + " switch, 2 of 5 power supplies and chassis a rack's).");
        }
        if (late > 0) {
            list.add(
                    "The trace has "
                            + Texts.count(late, "failure")
                            + " after the end of the run (--days "
                            + trimmed(job.days)
                            + "): left out.");
        }
        list.add(
                "No coordinator fails here, and all ranks step equally fast; silent corruption is"
                        + " found by an audit that is planned, not built.");
        return list;
    }

    private void progress(Terminal terminal, String run, double share) {
        String text = run + " " + terminal.bar(share, 20) + " " + Math.round(100 * share) + "%";
        if (terminal.interactive()) {
            terminal.status(text);
        } else if (System.nanoTime() - lastSaidNanos > QUIET_NANOS) {
            lastSaidNanos = System.nanoTime();
            System.err.println("… " + run + " " + Math.round(100 * share) + "%");
        }
    }

    private static void write(Path file, String text) throws EnvironmentException {
        try {
            WholeFile.write(file, draft -> Files.writeString(draft, text));
        } catch (IOException e) {
            throw new EnvironmentException(file + " cannot be written: " + e.getMessage(), e);
        }
    }
}
