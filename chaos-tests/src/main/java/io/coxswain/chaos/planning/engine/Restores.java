package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateName;

import java.util.HashMap;
import java.util.Map;

/** How long ranks take to restore, donors serving one recipient after the other. */
final class Restores {
    /** What a rank restores; {@code movingNanos} is for the bytes alone. */
    record Restore(StateName state, Digest digest, String action, long movingNanos) {}

    private final Conditions conditions;
    private final Digests digests;
    private final Map<AgentKey, Integer> donated = new HashMap<>();
    private long donatedEpoch;

    Restores(Conditions conditions, Digests digests) {
        this.conditions = conditions;
        this.digests = digests;
    }

    /**
     * @param initialNanos what the initial state takes: from the seed, or from an export
     */
    Restore of(RestoreSource source, long epoch, int shard, long initialNanos) {
        return switch (source) {
            case RestoreSource.Init init ->
                    new Restore(new StateName(epoch, 0, shard), Digest.NONE, "init", initialNanos);
            case RestoreSource.KeepLive keep -> new Restore(keep.state(), Digest.NONE, "live", 0);
            case RestoreSource.LoadLocal local ->
                    moved(local.state(), "local", conditions.loadNanos());
            case RestoreSource.PromoteCopy copy ->
                    moved(copy.state(), "peer-copy", conditions.loadNanos());
            case RestoreSource.Fetch fetch -> {
                if (donatedEpoch != epoch) {
                    donatedEpoch = epoch;
                    donated.clear();
                }
                int queue = donated.merge(fetch.donor().key(), 1, Integer::sum);
                yield moved(fetch.state(), "fetched", queue * conditions.fetchNanos());
            }
        };
    }

    private Restore moved(StateName state, String action, long nanos) {
        return new Restore(state, digests.of(state.step()), action, nanos);
    }
}
