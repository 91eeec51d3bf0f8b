package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One incarnation of an agent as the job's machine sees it: what it promised, its rank, and which
 * states lie in its arena. What a running view adds to the arenas is worked out by {@link Crew}
 * only when the view stops.
 */
final class ModelAgent {
    static final int OWN_SLOTS = 3;

    final int machine;
    final AgentProfile profile;

    boolean up = true;
    boolean worker;
    boolean loading;
    long promised;
    long preparedEpoch;
    int rank = -1;
    int shard = -1;

    long liveEpoch;
    long liveStep = -1;

    private int owned;
    private final long[] ownEpoch = new long[OWN_SLOTS];
    private final long[] ownStep = new long[OWN_SLOTS];

    private int copies;
    private int[] copyShard = new int[2];
    private long[] copyEpoch = new long[2];
    private long[] copyStep = new long[2];

    ModelAgent(int machine, AgentProfile profile) {
        this.machine = machine;
        this.profile = profile;
    }

    AgentKey key() {
        return profile.key();
    }

    /** A restarted process of the same host that took over its arena. */
    ModelAgent reborn(AgentProfile next) {
        var agent = new ModelAgent(machine, next);
        agent.shard = shard;
        agent.owned = owned;
        System.arraycopy(ownEpoch, 0, agent.ownEpoch, 0, owned);
        System.arraycopy(ownStep, 0, agent.ownStep, 0, owned);
        agent.copies = copies;
        agent.copyShard = copyShard.clone();
        agent.copyEpoch = copyEpoch.clone();
        agent.copyStep = copyStep.clone();
        return agent;
    }

    void live(long epoch, long step) {
        liveEpoch = epoch;
        liveStep = step;
    }

    void noLive() {
        liveStep = -1;
    }

    void forgetOwn() {
        owned = 0;
    }

    /** Takes a rank; snapshots of another shard go. */
    void take(int nextRank, int nextShard) {
        if (shard != nextShard) {
            owned = 0;
        }
        rank = nextRank;
        shard = nextShard;
    }

    /** Drops own snapshots outside {@code least..most}. */
    void keepOwn(long least, long most) {
        int kept = 0;
        for (int i = 0; i < owned; i++) {
            if (ownStep[i] >= least && ownStep[i] <= most) {
                ownEpoch[kept] = ownEpoch[i];
                ownStep[kept++] = ownStep[i];
            }
        }
        owned = kept;
    }

    /** Adds an own snapshot unless that step is there or no slot is free. */
    void own(long epoch, long step) {
        for (int i = 0; i < owned; i++) {
            if (ownStep[i] == step) {
                return;
            }
        }
        if (owned < OWN_SLOTS) {
            ownEpoch[owned] = epoch;
            ownStep[owned++] = step;
        }
    }

    void forgetCopies() {
        copies = 0;
    }

    /** The step of the copy it holds of that shard, or -1. */
    long copyOf(int ofShard) {
        for (int i = 0; i < copies; i++) {
            if (copyShard[i] == ofShard) {
                return copyStep[i];
            }
        }
        return -1;
    }

    /** Holds that state of another rank's shard, in the place of an older one. */
    void hold(int ofShard, long epoch, long step) {
        int at = 0;
        while (at < copies && copyShard[at] != ofShard) {
            at++;
        }
        if (at == copies) {
            if (copies == copyShard.length) {
                copyShard = Arrays.copyOf(copyShard, copies * 2);
                copyEpoch = Arrays.copyOf(copyEpoch, copies * 2);
                copyStep = Arrays.copyOf(copyStep, copies * 2);
            }
            copies++;
        }
        copyShard[at] = ofShard;
        copyEpoch[at] = epoch;
        copyStep[at] = step;
    }

    /** Drops copies outside {@code least..most}. */
    void keepCopies(long least, long most) {
        int kept = 0;
        for (int i = 0; i < copies; i++) {
            if (copyStep[i] >= least && copyStep[i] <= most) {
                copyShard[kept] = copyShard[i];
                copyEpoch[kept] = copyEpoch[i];
                copyStep[kept++] = copyStep[i];
            }
        }
        copies = kept;
    }

    /** The epoch that names its own snapshot of that step, or -1. */
    long ownEpochOf(long step) {
        for (int i = 0; i < owned; i++) {
            if (ownStep[i] == step) {
                return ownEpoch[i];
            }
        }
        return -1;
    }

    /** What it answers to a fence. */
    Inventory inventory(Digests digests, long bytes, long floor) {
        @Nullable HeldState live =
                liveStep < 0 || !worker ? null : held(liveEpoch, liveStep, shard, digests, bytes);
        List<HeldState> own = new ArrayList<>(owned);
        for (int i = 0; i < owned; i++) {
            own.add(held(ownEpoch[i], ownStep[i], shard, digests, bytes));
        }
        List<HeldState> held = new ArrayList<>(copies);
        for (int i = 0; i < copies; i++) {
            held.add(held(copyEpoch[i], copyStep[i], copyShard[i], digests, bytes));
        }
        return new Inventory(promised, worker, live, own, held, null, floor);
    }

    private static HeldState held(long epoch, long step, int shard, Digests digests, long bytes) {
        return new HeldState(new StateName(epoch, step, shard), digests.of(step), bytes);
    }
}
