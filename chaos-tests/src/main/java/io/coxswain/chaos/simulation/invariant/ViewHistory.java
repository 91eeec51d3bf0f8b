package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.View;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** What one view really did, seen from outside. */
public final class ViewHistory {
    private static final long STALL_NANOS = 1_000_000_000L;

    final View view;
    final Lineage before;
    final boolean[] prepared;
    final long[] done;
    final long[] lastNanos;
    final long[] spentNanos;

    /** When each rank made its newest step; 0: none in this view. */
    private final long[] appliedNanos;

    /** From one step of a rank to its next at the fastest; {@link Long#MAX_VALUE} before two. */
    long shortestStepNanos = Long.MAX_VALUE;

    final Map<Long, Long> microshardsReduced = new HashMap<>();
    final Map<Long, Long> durations = new HashMap<>();
    boolean active;
    long granted;

    ViewHistory(View view, Lineage before) {
        this.view = view;
        this.before = before;
        int ranks = view.members().size();
        prepared = new boolean[ranks];
        done = new long[ranks];
        lastNanos = new long[ranks];
        spentNanos = new long[ranks];
        appliedNanos = new long[ranks];
        Arrays.fill(done, view.baseStep());
    }

    /** The view as its coordinator recorded it. */
    public View view() {
        return view;
    }

    /** Ranks that got the sum of that step. */
    long reduced(long step) {
        return microshardsReduced.getOrDefault(step, 0L);
    }

    /** Its ranks are told to start: no time before that went into steps. */
    void started(long nowNanos) {
        Arrays.fill(lastNanos, nowNanos);
    }

    /**
     * A rank begins a step. What passed since its last one went into none: it had no leave, or it
     * stood. Where it began while the one before was under way, nothing passed.
     */
    void begun(AgentKey agent, long step, long nowNanos) {
        for (int rank = 0; rank < done.length; rank++) {
            if (done[rank] == step - 1 && view.members().get(rank).key().equals(agent)) {
                lastNanos[rank] = nowNanos;
            }
        }
    }

    /** A rank makes that step. */
    void applied(int rank, long step, long nowNanos) {
        if (appliedNanos[rank] > 0 && step == done[rank] + 1) {
            shortestStepNanos = Math.min(shortestStepNanos, nowNanos - appliedNanos[rank]);
        }
        spent(rank, step, nowNanos);
        appliedNanos[rank] = nowNanos;
        done[rank] = Math.max(done[rank], step);
    }

    /** A rank's time up to now went into that step. */
    void spent(int rank, long step, long nowNanos) {
        long nanos = nowNanos - lastNanos[rank];
        // A stall within a step is no work: it is not expected to be booked as such.
        durations.merge(step, Math.min(STALL_NANOS, nanos), Long::sum);
        spentNanos[rank] += nanos;
        lastNanos[rank] = nowNanos;
    }

    /** Steps up to this are made by every rank. */
    long completed() {
        long least = Long.MAX_VALUE;
        for (long step : done) {
            least = Math.min(least, step);
        }
        return least;
    }
}
