package io.coxswain.coordinator.core.recovery;

/** Plans recoveries. */
public final class RecoveryPlanner {
    private RecoveryPlanner() {}

    public static RecoveryDecision plan(RecoveryProblem problem) {
        throw new UnsupportedOperationException("" + problem);
    }
}
