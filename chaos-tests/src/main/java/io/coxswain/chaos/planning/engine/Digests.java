package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.Digest;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The digest of a state by its step: no bytes are modelled, so one digest serves all shards. The
 * newest few are kept, so that the same step is the same object.
 */
final class Digests {
    private static final int KEPT = 64;

    private final Map<Long, Digest> bySteps =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Digest> eldest) {
                    return size() > KEPT;
                }
            };

    private long lastStep = -1;
    private Digest last = Digest.NONE;

    Digest of(long step) {
        if (step != lastStep) {
            last = bySteps.computeIfAbsent(step, s -> new Digest(String.format("%064x", s)));
            lastStep = step;
        }
        return last;
    }
}
