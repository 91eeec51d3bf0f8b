package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.Digest;

import java.util.Arrays;

/**
 * The digest of a state by its step: no bytes are modelled, so one digest serves all shards. The
 * newest few are kept, so that the same step is mostly the same object.
 */
final class Digests {
    private static final int KEPT = 16;

    private final long[] steps = new long[KEPT];
    private final Digest[] digests = new Digest[KEPT];
    private int next;

    Digests() {
        Arrays.fill(steps, -1);
        Arrays.fill(digests, Digest.NONE);
    }

    Digest of(long step) {
        for (int i = 0; i < KEPT; i++) {
            if (steps[i] == step) {
                Digest found = digests[i];
                if (i > 0) {
                    // Thousands ask for the same few: they move to the front.
                    swap(i);
                }
                return found;
            }
        }
        next = (next + 1) % KEPT;
        steps[next] = step;
        digests[next] = new Digest(String.format("%064x", step));
        return digests[next];
    }

    private void swap(int place) {
        long step = steps[place];
        Digest digest = digests[place];
        steps[place] = steps[place - 1];
        digests[place] = digests[place - 1];
        steps[place - 1] = step;
        digests[place - 1] = digest;
    }
}
