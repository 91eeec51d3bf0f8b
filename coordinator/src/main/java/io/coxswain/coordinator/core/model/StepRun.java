package io.coxswain.coordinator.core.model;

/**
 * Consecutive steps of one rank. All nanos are the rank's own monotonic durations.
 *
 * @param elapsedNanos from the end of step {@code first - 1} (or the view's start) to the end of
 *     step {@code last}
 * @param creditWaitNanos of {@code elapsedNanos}: a step could have begun and was not granted, or
 *     the lease was over
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
        long skippedSnapshots) {
    public StepRun {
        if (first < 1 || last < first) {
            throw new IllegalArgumentException(
                    "a run needs 1 <= first <= last, got " + first + ".." + last);
        }
    }
}
