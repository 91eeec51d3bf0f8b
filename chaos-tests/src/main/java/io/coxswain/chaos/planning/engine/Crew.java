package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The agents of the view that runs, as one. While nothing fails they all do the same at the same
 * time, so a running view is a begin, a {@link StepClock} and who copies to whom; what each arena
 * holds is worked out when the view stops, in O(ranks + duties).
 *
 * <p>The protocol that is modelled is design §6: all ranks take the same snapshots; the floor is
 * the newest snapshot that every holder has; at most two newer than the floor exist; a new holder
 * first receives a whole copy, and until then the floor stands still.
 */
final class Crew {
    private final Conditions conditions;
    private final StepClock clock;
    private final ModelAgent[] ranks;

    private long epoch;
    private long base;
    private long beginNanos;
    private boolean running;

    /** By duty. */
    private int[] dutyShard = new int[0];

    private int[] dutyRank = new int[0];
    private @Nullable ModelAgent[] dutyHolder = new ModelAgent[0];
    private long[] dutyReady = new long[0];
    private int duties;

    private long frozenFloor;
    private long frozenUntil;
    private long floor;

    Crew(Conditions conditions, ModelAgent[] all) {
        this.conditions = conditions;
        clock =
                new StepClock(
                        conditions.stepNanos(),
                        conditions.snapshotStallNanos(),
                        conditions.effectiveEvery());
        ranks = new ModelAgent[conditions.ranks()];
        System.arraycopy(all, 0, ranks, 0, ranks.length);
    }

    boolean running() {
        return running;
    }

    StepClock clock() {
        return clock;
    }

    long epoch() {
        return epoch;
    }

    long base() {
        return base;
    }

    long beginNanos() {
        return beginNanos;
    }

    /** By rank, of the view that runs or ran last. */
    ModelAgent[] ranks() {
        return ranks;
    }

    /** The floor at the last stop. */
    long floor() {
        return floor;
    }

    long reached(long nowNanos) {
        return clock.reached(base, Math.max(0, nowNanos - beginNanos));
    }

    long endOf(long step) {
        return beginNanos + clock.nanos(base, step);
    }

    /** A view starts at {@code atNanos}. */
    void begin(View view, Placement placement, Members members, long atNanos) {
        epoch = view.epoch();
        base = view.baseStep();
        beginNanos = atNanos;
        running = true;
        floor = Math.min(floor, base);
        for (int rank = 0; rank < ranks.length; rank++) {
            ModelAgent agent = members.find(view.members().get(rank).key());
            if (agent == null || !agent.up || !agent.worker) {
                // Its loss is on the way; without it no step completes.
                running = false;
                if (agent == null) {
                    continue;
                }
            }
            ranks[rank] = agent;
            agent.keepOwn(floor, base);
            agent.own(agent.liveEpoch, base);
            agent.keepCopies(floor, base);
        }
        duties(placement.duties(), members, atNanos, false);
        boolean all = true;
        for (int i = 0; i < duties; i++) {
            ModelAgent holder = dutyHolder[i];
            boolean has = holder != null && holder.copyOf(dutyShard[i]) == base;
            dutyReady[i] = has ? atNanos : atNanos + conditions.copyNanos();
            all &= has;
        }
        frozenFloor = all ? base : floor;
        frozenUntil = all ? atNanos : atNanos + conditions.copyNanos();
    }

    /** Another placement while the view runs: new holders begin to receive. */
    void placement(Placement placement, Members members, long nowNanos) {
        long before = floorAt(nowNanos);
        duties(placement.duties(), members, nowNanos + conditions.copyNanos(), true);
        frozenFloor = before;
        frozenUntil = nowNanos + conditions.copyNanos();
    }

    /** A holder without a rank died: nothing newer can be acknowledged until it is replaced. */
    void holderLost(long nowNanos) {
        frozenFloor = floorAt(nowNanos);
        frozenUntil = Long.MAX_VALUE;
    }

    /**
     * @param readyNanos when a holder that had no such duty before has its first copy
     * @param goOn who has the duty already keeps what it received
     */
    private void duties(List<CopyDuty> list, Members members, long readyNanos, boolean goOn) {
        int[] shardBefore = dutyShard;
        @Nullable ModelAgent[] holderBefore = dutyHolder;
        long[] readyBefore = dutyReady;
        int countBefore = goOn ? duties : 0;
        duties = list.size();
        dutyShard = new int[duties];
        dutyRank = new int[duties];
        dutyHolder = new ModelAgent[duties];
        dutyReady = new long[duties];
        int before = 0;
        for (int i = 0; i < duties; i++) {
            CopyDuty duty = list.get(i);
            ModelAgent holder = members.find(duty.holder().key());
            dutyShard[i] = duty.shard();
            dutyRank[i] = duty.sourceRank();
            dutyHolder[i] = holder;
            dutyReady[i] = holder == null ? Long.MAX_VALUE : readyNanos;
            // Both lists are in the order of shards.
            while (before < countBefore && shardBefore[before] < duty.shard()) {
                before++;
            }
            for (int k = before; k < countBefore && shardBefore[k] == duty.shard(); k++) {
                if (holder != null && holderBefore[k] == holder) {
                    dutyReady[i] = readyBefore[k];
                }
            }
        }
    }

    /** The newest step that every holder has. */
    long floorAt(long nowNanos) {
        if (nowNanos < frozenUntil) {
            return frozenFloor;
        }
        long elapsed = Math.max(0, nowNanos - beginNanos);
        return Math.max(frozenFloor, clock.copied(base, elapsed, conditions.copyNanos()));
    }

    /**
     * The view stops: every arena gets what the protocol has put there by now, and live states are
     * those of {@code step}.
     */
    void stop(long step, long nowNanos) {
        running = false;
        floor = floorAt(nowNanos);
        long every = clock.every();
        for (ModelAgent agent : ranks) {
            agent.keepOwn(floor, base);
            int newer = floor < base ? 1 : 0;
            if (floor > base) {
                agent.own(epoch, floor);
            }
            long next = Math.max(floor, base) / every * every + every;
            while (newer < 2 && next <= step) {
                agent.own(epoch, next);
                next += every;
                newer++;
            }
            if (step > base) {
                agent.live(epoch, step);
            }
        }
        for (int i = 0; i < duties; i++) {
            ModelAgent holder = dutyHolder[i];
            if (holder != null && holder.up && dutyReady[i] <= nowNanos) {
                long held = Math.max(floor, base);
                holder.hold(dutyShard[i], held > base ? epoch : ranksBaseEpoch(i), held);
            }
        }
    }

    private long ranksBaseEpoch(int duty) {
        ModelAgent owner = ranks[dutyRank[duty]];
        long named = owner.ownEpochOf(base);
        return named < 0 ? epoch : named;
    }

    /** Every arena goes back to an audited state: what is newer may be corrupt. */
    void backTo(long stateEpoch, long step) {
        floor = Math.min(floor, step);
        for (ModelAgent agent : ranks) {
            agent.noLive();
            agent.forgetOwn();
            agent.own(stateEpoch, step);
        }
        for (int i = 0; i < duties; i++) {
            ModelAgent holder = dutyHolder[i];
            if (holder != null) {
                holder.hold(dutyShard[i], stateEpoch, step);
            }
        }
    }
}
