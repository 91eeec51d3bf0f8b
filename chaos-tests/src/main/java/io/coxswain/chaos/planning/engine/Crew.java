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
    /** What becomes of an agent's snapshots: reckoned once for all that had the same. */
    private static final class Change {
        /** {@code liveEpoch} names the agent's live state. */
        interface Rule {
            OwnStates of(OwnStates own, long liveEpoch);
        }

        private final Rule rule;
        private @Nullable OwnStates before;
        private long liveEpoch;
        private OwnStates after = OwnStates.NONE;

        Change(Rule rule) {
            this.rule = rule;
        }

        OwnStates of(OwnStates own, long live) {
            if (own != before || live != liveEpoch) {
                before = own;
                liveEpoch = live;
                after = rule.of(own, live);
            }
            return after;
        }
    }

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

    /** The agent has a rank of the view that runs or ran last. */
    boolean isMember(ModelAgent agent) {
        return agent.rank >= 0 && ranks[agent.rank] == agent;
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
        long least = floor;
        var begun = new Change((own, live) -> own.within(least, base).with(live, base));
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
            agent.own = begun.of(agent.own, agent.liveEpoch);
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
        var stopped = new Change((own, _) -> stopped(own, step));
        for (ModelAgent agent : ranks) {
            agent.own = stopped.of(agent.own, 0);
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

    /** What snapshots an agent has when {@code step} was the last. */
    private OwnStates stopped(OwnStates before, long step) {
        long every = clock.every();
        OwnStates own = before.within(floor, base);
        int newer = floor < base ? 1 : 0;
        if (floor > base) {
            own = own.with(epoch, floor);
        }
        long next = Math.max(floor, base) / every * every + every;
        while (newer < 2 && next <= step) {
            own = own.with(epoch, next);
            next += every;
            newer++;
        }
        return own;
    }

    private long ranksBaseEpoch(int duty) {
        ModelAgent owner = ranks[dutyRank[duty]];
        long named = owner.own.epochOf(base);
        return named < 0 ? epoch : named;
    }

    /** Every arena goes back to an audited state: what is newer may be corrupt. */
    void backTo(long stateEpoch, long step) {
        floor = Math.min(floor, step);
        OwnStates audited = OwnStates.NONE.with(stateEpoch, step);
        for (ModelAgent agent : ranks) {
            agent.noLive();
            agent.own = audited;
        }
        for (int i = 0; i < duties; i++) {
            ModelAgent holder = dutyHolder[i];
            if (holder != null) {
                holder.hold(dutyShard[i], stateEpoch, step);
            }
        }
    }
}
