package io.coxswain.launcher.train;

import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.logs.Logs;
import io.coxswain.launcher.service.HttpAddress;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;

/** {@code coxswain train}: everything is checked, then started, shown, ended and reported. */
public final class TrainRun {
    private static final long NEWS_SECONDS = 2;
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    private final TrainOptions options;
    private final JobFile job;
    private final int agents;
    private final Terminal terminal;
    private final PrintStream err;

    private TrainRun(
            TrainOptions options, JobFile job, int agents, Terminal terminal, PrintStream err) {
        this.options = options;
        this.job = job;
        this.agents = agents;
        this.terminal = terminal;
        this.err = err;
    }

    /**
     * Runs it, to the end.
     *
     * @return the exit code
     * @throws ConfigException if the job file or the options cannot be used
     * @throws EnvironmentException if the machine is not as needed; nothing runs then
     */
    public static int run(TrainOptions options, Terminal terminal, PrintStream err)
            throws ConfigException, EnvironmentException {
        JobFile job = JobFile.read(options.job(), options.sets());
        int ranks = job.mesh().ranks();
        int ranked = options.agents() == null ? ranks : options.agents();
        var complaints = new ArrayList<String>();
        if (ranked < ranks) {
            complaints.add(
                    "--local "
                            + ranked
                            + ": the mesh has "
                            + job.mesh().replicas()
                            + " × "
                            + job.mesh().shards()
                            + " = "
                            + ranks
                            + " ranks and each needs an agent of its own; expected --local "
                            + ranks
                            + " or more, or a smaller mesh (--set mesh.replicas=1)");
        }
        int agents = ranked + options.spares();
        for (FaultSpec fault : options.faults()) {
            String option =
                    (fault.victim() == FaultSpec.Victim.HOST ? "--kill " : "--kill-worker ")
                            + fault;
            if (fault.agent() >= agents) {
                complaints.add(
                        option
                                + ": there is no agent "
                                + fault.agent()
                                + "; expected 0 to "
                                + (agents - 1));
            }
            if (fault.victim() == FaultSpec.Victim.WORKER && job.runtime().attached()) {
                complaints.add(
                        option
                                + ": with launch: attach somebody else starts the workers, and"
                                + " kills them");
            } else if (fault.local() >= job.runtime().processes()) {
                complaints.add(
                        option
                                + ": runtime.workersPerAgent is "
                                + job.runtime().processes()
                                + "; expected a local rank from 0 to "
                                + (job.runtime().processes() - 1));
            }
            if (fault.step() > job.steps()) {
                complaints.add(option + ": the job has only " + job.steps() + " steps");
            }
        }
        if (!complaints.isEmpty()) {
            throw new ConfigException(complaints);
        }
        if (options.report() != null) {
            ReportFile.check(options.report());
        }
        return new TrainRun(options, job, agents, terminal, err).run();
    }

    private int run() throws EnvironmentException {
        job.runtime().requireHere();
        MemoryPlan memory = MemoryPlan.of(job, agents);
        memory.require(options.arenas());
        RunFolder run = RunFolder.create(options.runFolder(), job.name());
        try {
            Logs.toFile(run.log("coordinator"), Level.INFO);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot write the log " + run.log("coordinator") + ": " + e.getMessage(), e);
        }
        String jobId = job.name() + "-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP);
        var display =
                new RunDisplay(terminal, options.quiet(), agents, job.steps(), System::nanoTime);
        if (!options.quiet()) {
            terminal.line(
                    "job "
                            + job.name()
                            + ": "
                            + Texts.count(job.steps(), "step")
                            + " on "
                            + job.mesh().replicas()
                            + " × "
                            + job.mesh().shards()
                            + " ranks, "
                            + Texts.count(agents - job.mesh().ranks(), "spare")
                            + "; logs in "
                            + run.path());
        }
        display.starting();
        Interruption interruption = Interruption.install();
        try {
            return run(run, memory, jobId, display, interruption);
        } finally {
            display.over();
            interruption.over();
        }
    }

    private int run(
            RunFolder run,
            MemoryPlan memory,
            String jobId,
            RunDisplay display,
            Interruption interruption)
            throws EnvironmentException {
        var plan =
                new LocalCluster.Plan(
                        agents,
                        options.faults(),
                        run,
                        options.arenas(),
                        memory.agentBudget(),
                        options.workerEnvironment(),
                        options.http());
        if (job.runtime().attached() && !options.quiet()) {
            terminal.line(whereToAttach(plan));
        }
        try (LocalCluster cluster = LocalCluster.start(plan, display)) {
            try {
                Coordinator coordinator = interruption.await(cluster.ready());
                if (!options.quiet()) {
                    coordinator.httpUrl().ifPresent(url -> terminal.line("HTTP: " + url));
                }
                HttpAddress http = options.http();
                if (http != null && !http.warning().isEmpty()) {
                    err.println("coxswain: " + http.warning());
                }
                JobReport report = interruption.await(cluster.run(job.spec(jobId)));
                // The report may be there before the news that led to it.
                var _ =
                        interruption.await(
                                display.allShown()
                                        .completeOnTimeout(null, NEWS_SECONDS, TimeUnit.SECONDS));
                display.over();
                return ended(report, cluster, run, display);
            } catch (Interruption.Interrupted e) {
                display.over();
                err.println("coxswain: interrupted, ending every process");
                @Nullable JobReport report = cluster.cancel(jobId);
                if (report == null && display.lastStep() > 0) {
                    report = unfinished(jobId, display.lastStep());
                }
                if (report != null) {
                    report(report, run);
                }
                err.println("coxswain: the logs are in " + run.path());
                return ExitCode.INTERRUPTED;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new EnvironmentException("interrupted; the logs are in " + run.path(), e);
            } catch (CompletionException e) {
                display.over();
                throw failed(e, jobId, run, display);
            }
        }
    }

    private String whereToAttach(LocalCluster.Plan plan) {
        int processes = job.runtime().processes();
        return "agents wait for workers: start %s with COXSWAIN_ATTACH=%s%s, for each of %s"
                .formatted(
                        processes == 1 ? "one" : processes + " processes",
                        plan.run().path().resolve(plan.agentId(0) + "-workers").resolve("attach"),
                        processes == 1 ? "" : " LOCAL_RANK=0 to " + (processes - 1),
                        agents == 1
                                ? plan.agentId(0)
                                : plan.agentId(0) + " to " + plan.agentId(agents - 1));
    }

    private EnvironmentException failed(
            CompletionException e, String jobId, RunFolder run, RunDisplay display) {
        Throwable cause = Interruption.cause(e);
        if (display.lastStep() > 0) {
            report(unfinished(jobId, display.lastStep()), run);
        }
        if (cause instanceof EnvironmentException known) {
            return new EnvironmentException(
                    known.getMessage() + "; the logs are in " + run.path(), known);
        }
        String what = display.failure().isEmpty() ? "the run failed: " + cause : display.failure();
        return new EnvironmentException(what + "; the logs are in " + run.path(), cause);
    }

    private int ended(JobReport report, LocalCluster cluster, RunFolder run, RunDisplay display) {
        if (!options.quiet()) {
            RunSummary.of(report).forEach(terminal::line);
        }
        for (FaultSpec fault : cluster.faultsNotInjected()) {
            err.println(
                    "coxswain: the fault "
                            + fault
                            + " was not injected: its coordinate was never reached");
        }
        report(report, run);
        if (report.completed()) {
            return ExitCode.COMPLETED;
        }
        String why = cluster.detail(report.job());
        if (why.isEmpty()) {
            why = display.failure();
        }
        err.println(
                "coxswain: the job did not complete: " + (why.isEmpty() ? "see the logs" : why));
        err.println("coxswain: the logs are in " + run.path());
        return ExitCode.FAILED;
    }

    // Writes the report where it was asked for; said only then, and when something went wrong.
    private void report(JobReport report, RunFolder run) {
        @Nullable Path file = options.report();
        if (file == null && report.completed()) {
            return;
        }
        Path target = file == null ? run.path().resolve("report.json") : file;
        var environment = new LinkedHashMap<String, String>(report.environment());
        environment.put("agents", Integer.toString(agents));
        environment.put(
                "faults",
                String.join(" ", options.faults().stream().map(FaultSpec::toString).toList()));
        try {
            ReportFile.write(target, report.withEnvironment(environment));
        } catch (IOException e) {
            err.println(
                    "coxswain: the report cannot be written to " + target + ": " + e.getMessage());
            return;
        }
        String said = "report: " + target;
        if (!report.completed()) {
            err.println("coxswain: " + said);
        } else if (!options.quiet()) {
            terminal.line(said);
        }
    }

    // For a run whose coordinator can no longer tell: what the launcher saw.
    private JobReport unfinished(String jobId, long steps) {
        return new JobReport(
                jobId,
                false,
                steps,
                "",
                null,
                null,
                steps * job.batch(),
                List.of(),
                new JobReport.Goodput(job.mesh().ranks(), 0, BigInteger.ZERO, Map.of(), 0),
                List.of(),
                Map.of());
    }
}
