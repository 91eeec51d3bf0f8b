package io.coxswain.agent.core;

import io.coxswain.agent.core.model.JobSpec;

/**
 * What goes wrong with a job's program on this agent, again and again: nothing of it may go on for
 * ever. What is made in between forgives.
 */
final class ProgramTroubles {
    /** Of so many deaths as of exceptions: a death may be of somebody else's making. */
    private static final int DEATHS_PER_FAULT = 2;

    /**
     * How often in a row.
     *
     * @param step where
     */
    private record Row(String jobId, long step, int count) {
        static final Row NONE = new Row("", 0, 0);

        Row and(JobSpec job, long at) {
            boolean same = job.jobId().equals(jobId) && step == at;
            return new Row(job.jobId(), at, same ? count + 1 : 1);
        }

        Row forgivenBy(long made) {
            return made >= step ? NONE : this;
        }
    }

    private final int most;

    /**
     * Exceptions in a step since one was made that was not older; before the first: at the start.
     */
    private Row faults = Row.NONE;

    /** Deaths and hangs on the way to a step that was not made. */
    private Row deaths = Row.NONE;

    /** Exceptions at the job's end; the steps before it may be made again each time. */
    private Row ends = Row.NONE;

    /** Snapshots that failed, one after another, whatever their steps. */
    private Row snapshots = Row.NONE;

    private long failedSnapshot;

    ProgramTroubles(int most) {
        this.most = most;
    }

    void made(long step) {
        faults = faults.forgivenBy(step);
        deaths = deaths.forgivenBy(step);
    }

    void failed(JobSpec job, long step) {
        faults = faults.and(job, step);
    }

    /** How often in a row it failed in the step in which it failed last. */
    int failures() {
        return faults.count();
    }

    void died(JobSpec job, long step) {
        deaths = deaths.and(job, step);
    }

    void failedAtTheEnd(JobSpec job, long step) {
        ends = ends.and(job, step);
    }

    /** Returns whether it is one too many. */
    boolean snapshotFailed(JobSpec job, long step) {
        snapshots = snapshots.and(job, 0);
        failedSnapshot = step;
        return snapshots.count() >= most;
    }

    void snapshotCommitted() {
        snapshots = Row.NONE;
    }

    void forget() {
        faults = Row.NONE;
        deaths = Row.NONE;
        ends = Row.NONE;
        snapshots = Row.NONE;
    }

    /** Why the program is not started again; empty: it is. */
    String verdict() {
        if (faults.count() >= most) {
            return "the program failed %d times at step %d"
                    .formatted(faults.count(), faults.step());
        }
        if (deaths.count() >= DEATHS_PER_FAULT * most) {
            return "the worker died %d times at step %d".formatted(deaths.count(), deaths.step());
        }
        if (ends.count() >= most) {
            return "the program failed %d times at the job's end, after step %d"
                    .formatted(ends.count(), ends.step());
        }
        if (snapshots.count() >= most) {
            return "%d snapshots failed one after another, the last one after step %d"
                    .formatted(snapshots.count(), failedSnapshot);
        }
        return "";
    }
}
