package io.coxswain.agent.core.model;

/**
 * Consecutive steps of one rank. All nanos are the rank's own monotonic durations.
 *
 * @param elapsedNanos from the end of step {@code first - 1} (or the view's start) to the end of
 *     step {@code last}
 * @param loss mean loss of the global batch at step {@code last}
 * @param digest of the newest committed snapshot, of step {@code digestStep}
 */
public record StepRun(
        long first,
        long last,
        long elapsedNanos,
        long executeNanos,
        long dataWaitNanos,
        long snapshotStallNanos,
        long stragglerWaitNanos,
        long creditWaitNanos,
        long samples,
        long sampleHash,
        float loss,
        Digest digest,
        long digestStep,
        long skippedSnapshots) {}
