package io.coxswain.launcher.command;

import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.train.TrainOptions;
import io.coxswain.launcher.train.TrainRun;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code coxswain train}. */
@Command(
        name = "train",
        header = "Train a job on this machine, with agents and workers as processes of their own.",
        description = {
            "",
            "Brings up an embedded ZooKeeper, a coordinator, agents and spares, each with its"
                + " worker, trains the job, shows progress and incidents, and ends everything it"
                + " started."
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  coxswain train examples/digits/job.yaml",
            "  coxswain train examples/digits/job.yaml --kill 1@step:200",
            "  coxswain train job.yaml --spares 2 --kill 0@step:50:apply --kill 4@recovery:1"
                    + " --report out.json",
            "  coxswain train job.yaml --set mesh.replicas=1 --set mesh.shards=4 --set"
                    + " protect.copies=2 --quiet"
        })
public final class TrainCommand extends Shared implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "JOB", description = "The job file (YAML).")
    private Path job = Path.of("");

    @Option(
            names = "--local",
            paramLabel = "N",
            description =
                    "Agents for ranks. Default: as many as the mesh has ranks; more are further"
                            + " spares.")
    private @Nullable Integer local;

    @Option(
            names = "--spares",
            paramLabel = "K",
            defaultValue = "1",
            description = "Agents without a rank. Default: ${DEFAULT-VALUE}.")
    private int spares = 1;

    @Option(
            names = "--kill",
            paramLabel = "AGENT@step:S",
            description = {
                "The death of a host: SIGKILL of agent and worker as that agent executes step S,"
                        + " and its memory is deleted. Repeatable.",
                "AGENT@step:S:PHASE names a phase (execute, reduce, apply, snapshot, copy, gather),"
                        + " AGENT@recovery:N the restore of incident N."
            })
    private List<String> kill = new ArrayList<>();

    @Option(
            names = "--kill-worker",
            paramLabel = "AGENT@step:S",
            description = {
                "SIGKILL of the worker alone; as --kill otherwise.",
                "AGENT.LOCAL@step:S names one of several processes (runtime.workersPerAgent)."
            })
    private List<String> killWorker = new ArrayList<>();

    @CommandLine.Mixin private JobOptions overrides = new JobOptions();

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Writes the report there, as JSON.")
    private @Nullable Path report;

    @Option(names = "--quiet", description = "Shows nothing but errors.")
    private boolean quiet;

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description =
                    "Folder for the run's logs. Default: a new one in"
                        + " $${XDG_STATE_HOME:-~/.local/state}/coxswain/runs, of which the last 20"
                        + " are kept.")
    private @Nullable Path runFolder;

    @Option(
            names = "--arena-dir",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Folder for shared memory, on tmpfs. Default: ${DEFAULT-VALUE}.")
    private Path arenas = Path.of("/dev/shm");

    @Option(
            names = "--worker-env",
            paramLabel = "NAME=VALUE",
            description = {
                "Sets a variable of the workers' environment, which inherits nothing. Repeatable.",
                "{agent} stands for the agent's number: CUDA_VISIBLE_DEVICES={agent} gives each a"
                        + " GPU of its own."
            })
    private Map<String, String> workerEnvironment = new LinkedHashMap<>();

    @CommandLine.Mixin private HttpOption http = new HttpOption();

    @Override
    public Integer call() throws Exception {
        var faults = new ArrayList<FaultSpec>();
        parse(FaultSpec.Victim.HOST, "--kill", kill, faults);
        parse(FaultSpec.Victim.WORKER, "--kill-worker", killWorker, faults);
        positive("--local", local == null ? 1 : local, 1);
        positive("--spares", spares, 0);
        return TrainRun.run(
                new TrainOptions(
                        job,
                        overrides.overrides(),
                        local,
                        spares,
                        faults,
                        report,
                        quiet,
                        runFolder,
                        arenas.toAbsolutePath(),
                        workerEnvironment,
                        http.address()),
                Terminal.standardOutput(),
                System.err);
    }

    private void positive(String option, int value, int least) {
        if (value < least || value > 1_000) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), option + " " + value + ": expected " + least + " to 1000");
        }
    }

    private void parse(
            FaultSpec.Victim victim, String option, List<String> texts, List<FaultSpec> into) {
        for (String text : texts) {
            try {
                into.add(FaultSpec.parse(victim, text));
            } catch (IllegalArgumentException e) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(), option + " " + e.getMessage(), e);
            }
        }
    }
}
