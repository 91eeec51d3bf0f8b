package io.coxswain.chaos.command;

import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.cluster.AttachedCluster;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.cluster.OpenClusters;
import io.coxswain.chaos.cluster.ScenarioCheck;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.ScenarioFile;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.logs.Logs;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.logging.Level;

/** {@code coxswain chaos}. */
@Command(
        name = "chaos",
        header = "Let things go wrong on real processes, and judge what became of the job.",
        description = {
            "",
            "Plays scenarios: each starts ZooKeeper, a coordinator, agents and workers as processes"
                    + " of their own, trains a job, brings faults about at logical coordinates,"
                    + " heals them, ends everything and lets oracles judge. No root is needed."
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  coxswain chaos --list",
            "  coxswain chaos host-dies rack-loss",
            "  coxswain chaos my-scenario.yaml --junit results.xml",
            "  coxswain chaos --all --table table.md",
            "  coxswain chaos --random --minutes 3 --seed 7",
            "  coxswain chaos host-dies --attach 10.0.0.5:7400 --port ssh --dry-run"
        })
public final class ChaosCommand implements Callable<Integer> {
    private static final String FOLDER = "chaos-tests/scenarios";
    private static final String SUFFIX = ".yaml";

    private static final int MOST_MINUTES = 10_000;
    private static final double LEAST_INTERVAL = 0.1;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks for the option, nobody for its value
    private boolean help;

    @Parameters(
            arity = "0..*",
            paramLabel = "NAME|FILE",
            description = "Scenarios of the house by name, or files.")
    private List<String> scenarios = new ArrayList<>();

    @Option(names = "--list", description = "Lists the scenarios of the house.")
    private boolean list;

    @Option(names = "--all", description = "Plays all scenarios of the house.")
    private boolean all;

    @Option(
            names = "--dry-run",
            description =
                    "Checks the scenarios and says what they would do; starts nothing. With"
                            + " --attach also whom it would hit, by which commands.")
    private boolean dryRun;

    @Option(names = "--random", description = "A soak: random faults at a steady rate.")
    private boolean random;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            defaultValue = "3",
            description = "Length of the soak. Default: ${DEFAULT-VALUE}.")
    private double minutes = 3;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--interval",
            paramLabel = "S",
            defaultValue = "15",
            description = "Seconds between the faults of a soak. Default: ${DEFAULT-VALUE}.")
    private double interval = 15;

    @Option(
            names = "--kills-only",
            description = "The soak kills hosts and does nothing else, to compare with others.")
    private boolean killsOnly;

    @Option(
            names = "--junit",
            paramLabel = "FILE",
            description = "Writes the results there, as JUnit XML.")
    private @Nullable Path junit;

    @Option(
            names = "--table",
            paramLabel = "FILE",
            description = "Writes the table of faults there, as Markdown.")
    private @Nullable Path table;

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description =
                    "Folder for logs, events and reports. Default: a new one in"
                            + " $${XDG_STATE_HOME:-~/.local/state}/coxswain/runs.")
    private @Nullable Path runFolder;

    @Option(
            names = "--arena-dir",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Folder for shared memory, on tmpfs. Default: ${DEFAULT-VALUE}.")
    private Path arenas = Path.of("/dev/shm");

    private final PrintStream out = System.out;

    private @Nullable Scenario soak;

    @Mixin private AttachOptions attach = new AttachOptions();

    @Override
    public Integer call() throws Exception {
        if (list) {
            for (Scenario scenario : house()) {
                out.println(
                        String.format(Locale.ROOT, "%-28s %s", scenario.name(), scenario.about()));
            }
            return ExitCode.COMPLETED;
        }
        if (!random) {
            refuse("--random", List.of("--minutes", "--interval", "--kills-only"));
        }
        CommandSpec away = spec.mixins().get("attach");
        if (!attach.given() && away != null) {
            refuse("--attach", away.options().stream().map(OptionSpec::longestName).toList());
        }
        List<Scenario> chosen = chosen();
        if (dryRun && attach.given()) {
            planAway(chosen);
            return ExitCode.COMPLETED;
        }
        if (dryRun) {
            chosen.forEach(this::describe);
            return ExitCode.COMPLETED;
        }
        Results.check("--junit", junit);
        Results.check("--table", table);
        if (junit != null
                && table != null
                && junit.toAbsolutePath().normalize().equals(table.toAbsolutePath().normalize())
                && (Files.isRegularFile(junit) || !Files.exists(junit))) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--junit and --table both name " + junit + "; expected two files");
        }
        if (!attach.given()) {
            for (Scenario scenario : chosen) {
                ScenarioCheck.requireMemory(scenario, arenas.toAbsolutePath());
                // With --all it is asked when its turn comes, and skipped.
                String missing = all ? "" : ScenarioCheck.missing(scenario);
                if (!missing.isEmpty()) {
                    throw new EnvironmentException(scenario.name() + ": " + missing);
                }
            }
        }
        RunFolder run = RunFolder.create(runFolder, "chaos");
        Logs.toFile(run.log("chaos"), Level.INFO);
        return play(chosen, run);
    }

    // What would be ignored was meant otherwise: perhaps for somebody's own cluster.
    private void refuse(String missing, List<String> options) {
        for (String option : options) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(), option + " is for " + missing + ", which is not given");
            }
        }
    }

    private List<Scenario> chosen() throws ConfigException {
        var chosen = new ArrayList<Scenario>();
        if (all) {
            chosen.addAll(house());
        }
        for (String name : scenarios) {
            chosen.add(ScenarioFile.read(file(name), Oracles.names()));
        }
        if (random && attach.given()) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--random with --attach: a soak needs a cluster of its own; write a scenario"
                            + " with 'every' instead");
        }
        if (random) {
            // So written that what is no number is refused too.
            boolean usable =
                    minutes > 0
                            && minutes <= MOST_MINUTES
                            && interval >= LEAST_INTERVAL
                            && interval <= minutes * 60;
            if (!usable) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(),
                        "--minutes "
                                + minutes
                                + ", --interval "
                                + interval
                                + ": expected more than 0 and at most "
                                + MOST_MINUTES
                                + " minutes, and an interval of "
                                + LEAST_INTERVAL
                                + " s or more that is no longer than those");
            }
            soak = Soak.scenario(home(), minutes, interval, seed, killsOnly);
            chosen.add(soak);
        }
        if (chosen.isEmpty()) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "nothing to play: name scenarios (--list shows those of the house), or give"
                            + " --all or --random");
        }
        if (!attach.given()) {
            for (Scenario scenario : chosen) {
                ScenarioCheck.check(scenario);
            }
        }
        return chosen;
    }

    private static Path home() {
        return Path.of(System.getProperty("coxswain.home", "")).toAbsolutePath();
    }

    private static List<Path> files() throws ConfigException {
        Path folder = home().resolve(FOLDER);
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
        } catch (IOException e) {
            throw new ConfigException(
                    List.of("there are no scenarios in " + folder + ": name files instead"));
        }
    }

    private static List<Scenario> house() throws ConfigException {
        var scenarios = new ArrayList<Scenario>();
        for (Path file : files()) {
            scenarios.add(ScenarioFile.read(file, Oracles.names()));
        }
        return scenarios;
    }

    // A file that is not there is complained of by its reader, who names near ones.
    private static Path file(String name) {
        boolean path = name.endsWith(SUFFIX) || name.contains("/") || Files.exists(Path.of(name));
        return path ? Path.of(name) : home().resolve(FOLDER).resolve(name + SUFFIX);
    }

    private void describe(Scenario scenario) {
        out.println(scenario.name() + ": " + scenario.about());
        out.println(
                "  job "
                        + scenario.setup().job().getFileName()
                        + " "
                        + scenario.setup().sets()
                        + ", spares "
                        + scenario.setup().spares()
                        + (scenario.setup().rack() == 1
                                ? ""
                                : ", racks of " + scenario.setup().rack())
                        + (scenario.setup().zookeepers() == 1
                                ? ""
                                : ", zookeepers " + scenario.setup().zookeepers())
                        + (scenario.setup().namespaces() ? ", in network namespaces" : "")
                        + (scenario.proxied().isEmpty()
                                ? ""
                                : ", proxies before " + scenario.proxied()));
        scenario.rules().forEach(rule -> out.println("  " + rule.text()));
        out.println(
                "  then the job "
                        + (scenario.expectation().completes()
                                ? "completes"
                                : "ends and says '" + scenario.expectation().says() + "'")
                        + "; judged by "
                        + Oracles.chosen(scenario));
    }

    private int play(List<Scenario> chosen, RunFolder run)
            throws ConfigException, EnvironmentException, IOException {
        // However this ends, nothing of a cluster stays, and nobody else's stays hurt.
        OpenClusters.endWithProcess();
        var results = new Results(out, junit, table);
        if (attach.given()) {
            // Whatever cannot be played is said before anything is hurt.
            for (Scenario scenario : chosen) {
                try (AttachedCluster cluster = attach.open(run.path(), line -> {})) {
                    cluster.check(attach.with(scenario));
                }
            }
        }
        var played = new HashMap<String, Integer>();
        for (Scenario scenario : chosen) {
            played.merge(scenario.name(), 1, Integer::sum);
            int times = played.getOrDefault(scenario.name(), 1);
            // Played again, or of the same name: the logs of the first stay.
            Path folder = run.folder(scenario.name() + (times == 1 ? "" : "-" + times));
            String missing = attach.given() ? "" : ScenarioCheck.missing(scenario);
            if (!missing.isEmpty()) {
                results.skip(scenario, missing);
                continue;
            }
            results.take(scenario, one -> attach.given() ? away(one, folder) : here(one, folder));
        }
        out.println();
        results.table().forEach(out::println);
        return results.holds() ? ExitCode.COMPLETED : ExitCode.FAILED;
    }

    private Outcome here(Scenario scenario, Path folder)
            throws ConfigException, EnvironmentException {
        try (Cluster cluster =
                Cluster.builder(scenario.setup())
                        .folder(folder)
                        .arenas(arenas.toAbsolutePath())
                        .proxied(scenario.proxied())
                        .narrator(out::println)
                        .start()) {
            return scenario.equals(soak)
                    ? Soak.play(cluster, scenario, seed)
                    : cluster.play(scenario, seed);
        }
    }

    private Outcome away(Scenario scenario, Path folder)
            throws ConfigException, EnvironmentException {
        try (AttachedCluster cluster = attach.open(folder, out::println)) {
            return cluster.play(attach.with(scenario), seed);
        }
    }

    private void planAway(List<Scenario> chosen) throws ConfigException, EnvironmentException {
        for (Scenario scenario : chosen) {
            try (AttachedCluster cluster = attach.open(Path.of(""), out::println)) {
                out.println(scenario.name() + ": " + scenario.about());
                cluster.plan(attach.with(scenario), seed).forEach(line -> out.println("  " + line));
            }
        }
    }
}
