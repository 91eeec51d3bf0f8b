package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.Digest;

import java.util.Arrays;

/**
 * Which snapshots of its own an agent has in its arena: at most {@value #SLOTS}, by epoch and step.
 * Immutable, and shared by all agents that do the same: 100,000 of them change theirs by looking at
 * one object.
 */
final class OwnStates {
    static final int SLOTS = 3;
    static final OwnStates NONE = new OwnStates(new long[0], new long[0]);

    private final long[] epochs;
    private final long[] steps;
    private final Digest[] digests;

    private OwnStates(long[] epochs, long[] steps) {
        this.epochs = epochs;
        this.steps = steps;
        digests = new Digest[steps.length];
        Arrays.fill(digests, Digest.NONE);
    }

    int size() {
        return steps.length;
    }

    long epoch(int index) {
        return epochs[index];
    }

    long step(int index) {
        return steps[index];
    }

    /** Of that snapshot; looked up once. */
    Digest digest(int index, Digests known) {
        if (!digests[index].known()) {
            digests[index] = known.of(steps[index]);
        }
        return digests[index];
    }

    /** The epoch that names the snapshot of that step, or -1. */
    long epochOf(long step) {
        for (int i = 0; i < steps.length; i++) {
            if (steps[i] == step) {
                return epochs[i];
            }
        }
        return -1;
    }

    /** Without those outside {@code least..most}. */
    OwnStates within(long least, long most) {
        var keptEpochs = new long[steps.length];
        var keptSteps = new long[steps.length];
        int kept = 0;
        for (int i = 0; i < steps.length; i++) {
            if (steps[i] >= least && steps[i] <= most) {
                keptEpochs[kept] = epochs[i];
                keptSteps[kept++] = steps[i];
            }
        }
        return kept == steps.length
                ? this
                : new OwnStates(Arrays.copyOf(keptEpochs, kept), Arrays.copyOf(keptSteps, kept));
    }

    /** With one more, unless that step is there or no slot is free. */
    OwnStates with(long epoch, long step) {
        int size = steps.length;
        if (size == SLOTS || epochOf(step) >= 0) {
            return this;
        }
        long[] moreEpochs = Arrays.copyOf(epochs, size + 1);
        long[] moreSteps = Arrays.copyOf(steps, size + 1);
        moreEpochs[size] = epoch;
        moreSteps[size] = step;
        return new OwnStates(moreEpochs, moreSteps);
    }
}
