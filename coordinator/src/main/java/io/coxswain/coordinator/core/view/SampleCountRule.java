package io.coxswain.coordinator.core.view;

import io.coxswain.coordinator.core.model.JobSpec;

/**
 * How many samples a rank must consume per step, so that a report that counts others is noticed.
 * Microshard {@code m} of {@code M} holds the samples {@code [m·B/M, (m+1)·B/M)} of the global
 * batch {@code B}, rounded down; a step always takes a full batch, wrapping into the next pass.
 */
public final class SampleCountRule {
    private SampleCountRule() {}

    /** Samples that {@code rank} consumes in each step. */
    public static long samplesPerStep(JobSpec spec, int rank) {
        var cut = new MicroshardCut(spec.microshards(), spec.mesh().ranks());
        return bound(spec, cut.to(rank)) - bound(spec, cut.from(rank));
    }

    /** Samples that {@code rank} consumes in steps {@code first..last}. */
    public static long samples(JobSpec spec, int rank, long first, long last) {
        return Math.multiplyExact(samplesPerStep(spec, rank), last - first + 1);
    }

    private static long bound(JobSpec spec, int microshard) {
        return (long) microshard * spec.batch() / spec.microshards();
    }
}
