package io.coxswain.launcher.bench;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How fast a job steps once it is in its stride, seen from the coordinator.
 *
 * @param stepsPerSecond of the steps after the first third
 * @param copiesPerStep bytes that crossed the loopback device in a step, in states of one rank;
 *     negative where that is not known
 */
record StepRate(double stepsPerSecond, double copiesPerStep) {
    /**
     * Runs the job, which has that many steps or more, on a cluster of its own, until it is over or
     * past {@code steps}.
     */
    static StepRate measure(BenchSettings settings, JobFile job, long steps, int spares)
            throws EnvironmentException, InterruptedException {
        try (BenchCluster cluster = BenchCluster.start(settings, job, spares)) {
            if (job.copies() > 0 && spares > 0) {
                cluster.awaitProtected(job.mesh().shards());
            }
            int mark = cluster.tape().mark();
            var _ =
                    cluster.await(
                            mark,
                            CoordinatorEvent.StepsCompleted.class,
                            _ -> true,
                            "steps to go on");
            long first =
                    cluster.tape()
                            .since(mark, CoordinatorEvent.StepsCompleted.class)
                            .getFirst()
                            .event()
                            .step();
            var begin = reach(cluster, mark, first + steps / 3);
            long bytesBefore = ProcFiles.loopbackBytes();
            var end = reach(cluster, begin.at() + 1, Math.min(job.steps(), first + steps));
            long bytes = ProcFiles.loopbackBytes() - bytesBefore;
            long made = end.event().step() - begin.event().step();
            return new StepRate(
                    perSecond(begin, end),
                    bytesBefore < 0 || job.ballastBytes() == 0
                            ? -1
                            : (double) bytes / made / job.ballastBytes());
        }
    }

    /** Milliseconds of a step of a job that is run to its end, on a cluster of its own. */
    static double solo(BenchSettings settings, JobFile job)
            throws EnvironmentException, InterruptedException {
        try (BenchCluster cluster = BenchCluster.start(settings, job, 0)) {
            var _ = cluster.report(TimeUnit.SECONDS.toMillis(settings.limitSeconds()));
            return 1e3 / steady(cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class));
        }
    }

    private static EventTape.Heard<CoordinatorEvent.StepsCompleted> reach(
            BenchCluster cluster, int mark, long step)
            throws EnvironmentException, InterruptedException {
        return cluster.await(
                mark,
                CoordinatorEvent.StepsCompleted.class,
                steps -> steps.step() >= step,
                "step " + step);
    }

    /** The rate after the first third of what was heard. */
    static double steady(List<EventTape.Heard<CoordinatorEvent.StepsCompleted>> heard)
            throws EnvironmentException {
        if (heard.size() < 3) {
            throw new EnvironmentException("too few steps for a rate: give the job more of them");
        }
        EventTape.Heard<CoordinatorEvent.StepsCompleted> last = heard.getLast();
        for (EventTape.Heard<CoordinatorEvent.StepsCompleted> begin : heard) {
            if (begin.event().step() >= last.event().step() / 3) {
                return perSecond(begin, last);
            }
        }
        throw new IllegalStateException("the last step is past a third of itself");
    }

    private static double perSecond(
            EventTape.Heard<CoordinatorEvent.StepsCompleted> begin,
            EventTape.Heard<CoordinatorEvent.StepsCompleted> end) {
        return (end.event().step() - begin.event().step()) * 1e9 / (end.nanos() - begin.nanos());
    }
}
