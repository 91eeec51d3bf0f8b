package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * One incarnation of an agent as the job's machine sees it: what it promised, its rank, and which
 * states lie in its arena. What a running view adds to the arenas is worked out by {@link Crew}
 * only when the view stops.
 */
final class ModelAgent {
    private static final long[] NO_COPIES = {};

    /** Numbers by which a copy is described. */
    private static final int WIDTH = 3;

    final int machine;
    final AgentProfile profile;

    /** Of {@link #profile}: it is looked at with every message. */
    final AgentKey key;

    boolean up = true;
    boolean worker;
    boolean loading;
    long promised;
    long preparedEpoch;
    int rank = -1;
    int shard = -1;

    long liveEpoch;
    long liveStep = -1;

    OwnStates own = OwnStates.NONE;

    /** Shard, epoch and step of each copy it holds. */
    private long[] copies = NO_COPIES;

    private int held;

    ModelAgent(int machine, AgentProfile profile) {
        this.machine = machine;
        this.profile = profile;
        this.key = profile.key();
    }

    /** A restarted process of the same host that took over its arena. */
    ModelAgent reborn(AgentProfile next) {
        var agent = new ModelAgent(machine, next);
        agent.shard = shard;
        agent.own = own;
        agent.copies = copies.clone();
        agent.held = held;
        return agent;
    }

    void live(long epoch, long step) {
        liveEpoch = epoch;
        liveStep = step;
    }

    void noLive() {
        liveStep = -1;
    }

    /** Takes a rank; snapshots of another shard go. */
    void take(int nextRank, int nextShard) {
        if (shard != nextShard) {
            own = OwnStates.NONE;
        }
        rank = nextRank;
        shard = nextShard;
    }

    void forgetCopies() {
        held = 0;
    }

    /** The step of the copy it holds of that shard, or -1. */
    long copyOf(int ofShard) {
        for (int at = 0; at < held; at += WIDTH) {
            if (copies[at] == ofShard) {
                return copies[at + 2];
            }
        }
        return -1;
    }

    /** Holds that state of another rank's shard, in the place of an older one. */
    void hold(int ofShard, long epoch, long step) {
        int at = 0;
        while (at < held && copies[at] != ofShard) {
            at += WIDTH;
        }
        if (at == held) {
            if (held == copies.length) {
                copies = Arrays.copyOf(copies, Math.max(WIDTH, 2 * held));
            }
            held += WIDTH;
        }
        copies[at] = ofShard;
        copies[at + 1] = epoch;
        copies[at + 2] = step;
    }

    /** Drops copies outside {@code least..most}. */
    void keepCopies(long least, long most) {
        int kept = 0;
        for (int at = 0; at < held; at += WIDTH) {
            if (copies[at + 2] >= least && copies[at + 2] <= most) {
                copies[kept] = copies[at];
                copies[kept + 1] = copies[at + 1];
                copies[kept + 2] = copies[at + 2];
                kept += WIDTH;
            }
        }
        held = kept;
    }

    /** What it answers to a fence. */
    Inventory inventory(Digests digests, long bytes, long floor) {
        @Nullable HeldState live =
                liveStep < 0 || !worker
                        ? null
                        : held(liveEpoch, liveStep, shard, digests.of(liveStep), bytes);
        var snapshots = new HeldState[own.size()];
        for (int i = 0; i < snapshots.length; i++) {
            snapshots[i] = held(own.epoch(i), own.step(i), shard, own.digest(i, digests), bytes);
        }
        var others = new HeldState[held / WIDTH];
        for (int at = 0; at < held; at += WIDTH) {
            long step = copies[at + 2];
            others[at / WIDTH] =
                    held(copies[at + 1], step, (int) copies[at], digests.of(step), bytes);
        }
        return new Inventory(
                promised, worker, live, List.of(snapshots), List.of(others), null, floor);
    }

    private static HeldState held(long epoch, long step, int shard, Digest digest, long bytes) {
        return new HeldState(new StateName(epoch, step, shard), digest, bytes);
    }
}
