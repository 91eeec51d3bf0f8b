package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Standing;
import io.coxswain.agent.core.model.StepRun;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Run-length progress of one view. A run is cut at the view's first step, at multiples of the
 * plan's {@code reportEvery} and at the job's last step, so that the runs of all ranks compare. Cut
 * runs are kept until the leader acknowledges them.
 */
final class ProgressRuns {
    /** Cut runs kept for a leader that does not acknowledge; older ones go. */
    private static final int KEPT = 1024;

    /** What one step cost and gave. */
    record Step(
            long step,
            long executeNanos,
            long dataWaitNanos,
            long snapshotStallNanos,
            long stragglerWaitNanos,
            long creditWaitNanos,
            long samples,
            long sampleHash,
            float loss,
            boolean skippedSnapshot) {}

    private final ArrayDeque<StepRun> unacknowledged = new ArrayDeque<>();
    private int unsent;
    private String jobId = "";
    private long epoch;
    private int rank;
    private long firstStep;
    private long lastStep;
    private int reportEvery = 1;

    // No run is open before the first view: nothing is done yet, and a cut makes nothing.
    private long runFirst = 1;
    private long done;
    private long boundaryNanos;

    /** When the last run that was cut ended, or the view began. */
    private long cutNanos;

    private long endNanos;
    private long executeNanos;
    private long dataWaitNanos;
    private long snapshotStallNanos;
    private long stragglerWaitNanos;
    private long creditWaitNanos;
    private long samples;
    private long sampleHash;
    private long skipped;
    private float loss;
    private Digest digest = Digest.NONE;
    private long digestStep;

    void begin(
            String job,
            long viewEpoch,
            int ownRank,
            long baseStep,
            long jobSteps,
            int every,
            long now) {
        unacknowledged.clear();
        unsent = 0;
        jobId = job;
        epoch = viewEpoch;
        rank = ownRank;
        firstStep = baseStep + 1;
        lastStep = jobSteps;
        reportEvery = Math.max(1, every);
        done = baseStep;
        digest = Digest.NONE;
        digestStep = 0;
        boundaryNanos = now;
        cutNanos = now;
        open();
    }

    void clear() {
        begin("", 0, 0, 0, 0, 1, 0);
    }

    private void open() {
        runFirst = done + 1;
        executeNanos = 0;
        dataWaitNanos = 0;
        snapshotStallNanos = 0;
        stragglerWaitNanos = 0;
        creditWaitNanos = 0;
        samples = 0;
        sampleHash = 0;
        skipped = 0;
    }

    /** The newest snapshot whose commit mark is set. */
    void committed(long step, Digest stateDigest) {
        if (step >= digestStep) {
            digest = stateDigest;
            digestStep = step;
        }
    }

    /** Returns true if the run was cut, so that it should be sent. */
    boolean stepDone(Step step, long now) {
        if (step.step() != done + 1) {
            throw new IllegalStateException(
                    "step "
                            + step.step()
                            + " was booked after step "
                            + done
                            + " in epoch "
                            + epoch
                            + ": steps follow each other");
        }
        done = step.step();
        endNanos = now;
        executeNanos += step.executeNanos();
        dataWaitNanos += step.dataWaitNanos();
        snapshotStallNanos += step.snapshotStallNanos();
        stragglerWaitNanos += step.stragglerWaitNanos();
        creditWaitNanos += step.creditWaitNanos();
        samples += step.samples();
        sampleHash += step.sampleHash();
        loss = step.loss();
        if (step.skippedSnapshot()) {
            skipped++;
        }
        if (done == firstStep || done == lastStep || done % reportEvery == 0) {
            cut();
            return true;
        }
        return false;
    }

    /** Ends the open run, if a step is in it. */
    void cut() {
        if (done < runFirst) {
            return;
        }
        unacknowledged.addLast(
                new StepRun(
                        runFirst,
                        done,
                        endNanos - boundaryNanos,
                        executeNanos,
                        dataWaitNanos,
                        snapshotStallNanos,
                        stragglerWaitNanos,
                        creditWaitNanos,
                        samples,
                        sampleHash,
                        loss,
                        digest,
                        digestStep,
                        skipped));
        unsent++;
        if (unacknowledged.size() > KEPT) {
            unacknowledged.removeFirst();
            unsent = Math.min(unsent, KEPT);
        }
        boundaryNanos = endNanos;
        cutNanos = endNanos;
        open();
    }

    /** Nothing was to be made since the last run ended: the next one begins now. */
    void restart(long now) {
        if (done < runFirst) {
            boundaryNanos = now;
        }
    }

    /** Cut runs that were not told yet, null if none; they count as told. */
    @Nullable Progress takeUnsent(long floor) {
        return takeUnsent(floor, List.of(), 0);
    }

    /**
     * The same, with the steps that this rank's holders acknowledged and the longest copy to one of
     * them since it was last told.
     */
    @Nullable Progress takeUnsent(long floor, List<Long> acknowledged, long copyNanos) {
        if (unsent == 0) {
            return null;
        }
        List<StepRun> all = new ArrayList<>(unacknowledged);
        List<StepRun> runs = all.subList(all.size() - unsent, all.size());
        unsent = 0;
        return new Progress(jobId, epoch, rank, runs, floor, acknowledged, copyNanos);
    }

    /** What was told on a stream that broke may be lost: it is told again. */
    void untold() {
        unsent = unacknowledged.size();
    }

    void acknowledge(long viewEpoch, long step) {
        if (viewEpoch != epoch) {
            return;
        }
        while (!unacknowledged.isEmpty() && unacknowledged.getFirst().last() <= step) {
            unacknowledged.removeFirst();
        }
        unsent = Math.min(unsent, unacknowledged.size());
    }

    /** Since the end of the last run that was cut, or since the view began. */
    long sinceNanos(long now) {
        return now - cutNanos;
    }

    /** Runs are kept that the leader did not acknowledge. */
    boolean isKept() {
        return !unacknowledged.isEmpty();
    }

    /** Of a view that was left: when its last run ended. */
    Standing left(long now) {
        return new Standing(
                epoch, rank, true, done, List.of(), reportEvery, sinceNanos(now), true, true);
    }

    long done() {
        return done;
    }
}
