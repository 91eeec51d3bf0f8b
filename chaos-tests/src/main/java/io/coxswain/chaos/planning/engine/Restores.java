package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateName;

import java.util.HashMap;
import java.util.Map;

/** How long ranks take to restore, donors serving one recipient after the other. */
final class Restores {
    /**
     * What a rank restores: the state of that epoch and step, of whatever shard; {@code
     * movingNanos} is for the bytes alone.
     */
    record Restore(long epoch, long step, Digest digest, String action, long movingNanos) {}

    private final Conditions conditions;
    private final Digests digests;
    private final Map<AgentKey, Integer> donated = new HashMap<>();
    private long donatedEpoch;

    /** Nearly all ranks restore alike: the same object tells. */
    private Restore newest = new Restore(-1, -1, Digest.NONE, "", 0);

    Restores(Conditions conditions, Digests digests) {
        this.conditions = conditions;
        this.digests = digests;
    }

    /**
     * @param initialNanos what the initial state takes: from the seed, or from an export
     */
    Restore of(RestoreSource source, long epoch, long initialNanos) {
        return switch (source) {
            case RestoreSource.Init init -> same(epoch, 0, "init", initialNanos);
            case RestoreSource.KeepLive keep ->
                    same(keep.state().epoch(), keep.state().step(), "live", 0);
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
        return same(state.epoch(), state.step(), action, nanos);
    }

    private Restore same(long epoch, long step, String action, long nanos) {
        boolean again =
                newest.epoch == epoch
                        && newest.step == step
                        && newest.movingNanos == nanos
                        && newest.action.equals(action);
        if (!again) {
            boolean known = !action.equals("init") && !action.equals("live");
            Digest digest = known ? digests.of(step) : Digest.NONE;
            newest = new Restore(epoch, step, digest, action, nanos);
        }
        return newest;
    }
}
