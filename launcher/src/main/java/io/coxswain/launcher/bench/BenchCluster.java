package io.coxswain.launcher.bench;

import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.logs.Logs;
import io.coxswain.launcher.service.HttpAddress;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;

/**
 * A one-machine cluster that runs one job and is measured from outside, by what its coordinator
 * tells.
 */
final class BenchCluster implements AutoCloseable {
    /** Bounds every wait for something that takes seconds at most. */
    static final long PATIENCE_MILLIS = 60_000;

    /** Processes start slowly where others use the machine. */
    private static final long START_MILLIS = 180_000;

    private static final long POLL_MILLIS = 50;
    private static final String JOB_ID = "bench";

    private final EventTape tape = new EventTape();
    private final RunFolder run;
    private final LocalCluster cluster;
    private final JobFile job;
    private final CompletableFuture<JobReport> result;

    private BenchCluster(
            BenchSettings settings,
            JobFile job,
            int spares,
            long agentBudget,
            @Nullable HttpAddress http)
            throws EnvironmentException {
        int agents = job.mesh().ranks() + spares;
        job.runtime().requireHere();
        MemoryPlan.of(job, agents).require(settings.arenas());
        this.job = job;
        this.run = RunFolder.create(settings.runFolder(), "bench");
        try {
            Logs.toFile(run.log("coordinator"), Level.INFO);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot write the log " + run.log("coordinator") + ": " + e.getMessage(), e);
        }
        cluster =
                LocalCluster.start(
                        new LocalCluster.Plan(
                                agents,
                                List.of(),
                                run,
                                settings.arenas(),
                                agentBudget,
                                Map.of(),
                                http,
                                http == null),
                        tape);
        result = cluster.run(job.spec(JOB_ID));
    }

    /** Starts the job with as much memory for each agent as it may come to use. */
    static BenchCluster start(BenchSettings settings, JobFile job, int spares)
            throws EnvironmentException, InterruptedException {
        return start(
                settings,
                job,
                spares,
                MemoryPlan.of(job, job.mesh().ranks() + spares).agentBudget());
    }

    /** Starts the job; returns when it makes steps. */
    static BenchCluster start(BenchSettings settings, JobFile job, int spares, long agentBudget)
            throws EnvironmentException, InterruptedException {
        return stepping(new BenchCluster(settings, job, spares, agentBudget, null));
    }

    /**
     * Starts the job with a coordinator that serves its page and writes no journal; returns when it
     * makes steps.
     */
    static BenchCluster startWithPage(BenchSettings settings, JobFile job, int spares)
            throws EnvironmentException, InterruptedException {
        return stepping(
                new BenchCluster(
                        settings,
                        job,
                        spares,
                        MemoryPlan.of(job, job.mesh().ranks() + spares).agentBudget(),
                        new HttpAddress(HttpAddress.LOOPBACK, 0)));
    }

    private static BenchCluster stepping(BenchCluster cluster)
            throws EnvironmentException, InterruptedException {
        try {
            cluster.awaitSteps();
            return cluster;
        } catch (EnvironmentException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private void awaitSteps() throws EnvironmentException, InterruptedException {
        CompletableFuture<?> stepping =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return tape.await(
                                        0,
                                        CoordinatorEvent.StepsCompleted.class,
                                        _ -> true,
                                        "the job's first step",
                                        START_MILLIS);
                            } catch (EnvironmentException | InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        task -> Thread.ofVirtual().start(task));
        try {
            // A cluster that cannot start, or a job that is refused, ends before its first step.
            CompletableFuture.anyOf(stepping, result).get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            while (cause instanceof IllegalStateException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new EnvironmentException(
                    (cause == null ? e : cause).getMessage() + "; the logs are in " + run.path(),
                    e);
        }
    }

    /** Where the page is, of a cluster that has one. */
    String pageUrl() {
        return cluster.ready().join().httpUrl().orElseThrow();
    }

    EventTape tape() {
        return tape;
    }

    JobFile job() {
        return job;
    }

    Coordinator coordinator() {
        return cluster.ready().join();
    }

    RunFolder run() {
        return run;
    }

    /** Waits for an event; the message of a failure names the logs. */
    <E extends CoordinatorEvent> EventTape.Heard<E> await(
            int mark, Class<E> kind, java.util.function.Predicate<E> fits, String what)
            throws EnvironmentException, InterruptedException {
        try {
            return tape.await(mark, kind, fits, what, PATIENCE_MILLIS);
        } catch (EnvironmentException e) {
            throw new EnvironmentException(e.getMessage() + "; the logs are in " + run.path(), e);
        }
    }

    /** The agents that have a rank, by rank. */
    List<String> members() {
        return lastView().event().members();
    }

    AgentProcess agent(String agentId) {
        return agents().stream()
                .filter(agent -> agent.agentId().equals(agentId))
                .findFirst()
                .orElseThrow();
    }

    List<AgentProcess> agents() {
        return cluster.agents();
    }

    /** Kills now; returns the instant of the signal. */
    long kill(String agentId, FaultSpec.Victim victim) {
        return cluster.kill(agent(agentId).index(), victim);
    }

    void restart(String agentId) throws EnvironmentException {
        try {
            cluster.restart(agent(agentId).index());
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot start " + agentId + " again: " + e.getMessage(), e);
        }
    }

    /** Waits until some agent stands by without a rank, its worker warm. */
    void awaitSpare() throws EnvironmentException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        do {
            boolean standsBy =
                    cluster
                            .ready()
                            .thenCompose(coordinator -> coordinator.status())
                            .join()
                            .agents()
                            .stream()
                            .anyMatch(agent -> agent.state().equals("spare"));
            if (standsBy) {
                return;
            }
            Thread.sleep(POLL_MILLIS);
        } while (System.nanoTime() < deadline);
        throw new EnvironmentException(
                "no spare became ready within "
                        + PATIENCE_MILLIS
                        + " ms; the logs are in "
                        + run.path());
    }

    /**
     * Waits until every holder of the newest placement has verified a state that was made under it.
     *
     * @param spareCopies copies at spares that the placement has at least
     */
    void awaitProtected(int spareCopies) throws EnvironmentException, InterruptedException {
        int view;
        do {
            view = lastView().at();
            var placed =
                    await(
                            view,
                            CoordinatorEvent.PlacementChanged.class,
                            placement -> atSpares(placement) >= spareCopies,
                            spareCopies + " copies to be placed at spares");
            // The first report after it may tell of steps made before.
            var first =
                    await(
                            placed.at(),
                            CoordinatorEvent.StepsCompleted.class,
                            _ -> true,
                            "steps to go on");
            var second =
                    await(
                            first.at(),
                            CoordinatorEvent.StepsCompleted.class,
                            steps -> steps.step() > first.event().step(),
                            "steps to go on");
            var _ =
                    await(
                            second.at(),
                            CoordinatorEvent.StepsCompleted.class,
                            steps -> steps.protectedStep() >= second.event().step(),
                            "the holders to verify step " + second.event().step());
        } while (lastView().at() != view);
    }

    private long atSpares(CoordinatorEvent.PlacementChanged placement) {
        List<String> members = members();
        return placement.holders().stream()
                .filter(holder -> members.stream().noneMatch(holder::endsWith))
                .count();
    }

    private EventTape.Heard<CoordinatorEvent.ViewActivated> lastView() {
        return tape.since(0, CoordinatorEvent.ViewActivated.class).getLast();
    }

    /** Waits for the job's end and returns its report. */
    JobReport report(long limitMillis) throws EnvironmentException, InterruptedException {
        try {
            JobReport report = result.get(limitMillis, TimeUnit.MILLISECONDS);
            if (!report.completed()) {
                throw new EnvironmentException(
                        "the job did not complete: "
                                + cluster.detail(JOB_ID)
                                + "; the logs are in "
                                + run.path());
            }
            return report;
        } catch (ExecutionException e) {
            throw new EnvironmentException(
                    "the job failed: " + e.getCause() + "; the logs are in " + run.path(), e);
        } catch (TimeoutException e) {
            throw new EnvironmentException(
                    "the job did not end within "
                            + limitMillis
                            + " ms; the logs are in "
                            + run.path(),
                    e);
        }
    }

    @Override
    public void close() {
        cluster.close();
        result.cancel(false);
    }
}
