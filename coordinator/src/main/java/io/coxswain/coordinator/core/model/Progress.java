package io.coxswain.coordinator.core.model;

import java.util.List;

/** Run-length progress of one rank in one view. */
public record Progress(long epoch, int rank, List<StepRun> runs, long floor) {
    public Progress {
        runs = List.copyOf(runs);
    }
}
