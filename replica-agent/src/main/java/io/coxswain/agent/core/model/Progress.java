package io.coxswain.agent.core.model;

import java.util.List;

/**
 * Run-length progress of one rank in one view.
 *
 * @param acknowledged with collectives of the runtime: steps above the floor whose snapshots all
 *     holders of this rank have verified, ascending; else empty, since ranks agree among themselves
 * @param copyNanos the longest copy to a holder that was done since the last report; 0: none
 */
public record Progress(
        String jobId,
        long epoch,
        int rank,
        List<StepRun> runs,
        long floor,
        List<Long> acknowledged,
        long copyNanos) {
    public Progress {
        runs = List.copyOf(runs);
        acknowledged = List.copyOf(acknowledged);
    }

    public Progress(String jobId, long epoch, int rank, List<StepRun> runs, long floor) {
        this(jobId, epoch, rank, runs, floor, List.of());
    }

    public Progress(
            String jobId,
            long epoch,
            int rank,
            List<StepRun> runs,
            long floor,
            List<Long> acknowledged) {
        this(jobId, epoch, rank, runs, floor, acknowledged, 0);
    }
}
