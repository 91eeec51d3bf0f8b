package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.View;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** What one view really did, seen from outside. */
public final class ViewHistory {
    final View view;
    final Lineage before;
    final boolean[] prepared;
    final long[] done;
    final long[] lastNanos;
    final long[] spentNanos;
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

    /** Every rank that made that step has gathered its parameters too, by now at the latest. */
    void gathered(long step, long nowNanos) {
        for (int rank = 0; rank < done.length; rank++) {
            if (done[rank] == step) {
                spentNanos[rank] += nowNanos - lastNanos[rank];
                lastNanos[rank] = nowNanos;
            }
        }
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
