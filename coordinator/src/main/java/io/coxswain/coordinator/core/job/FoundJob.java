package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.ledger.UnsettledRun;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a new leader finds in the store of a job that ran under another one.
 *
 * @param state of the view; null where there is none yet
 * @param lineage with the view, unless it is PREPARING
 */
public record FoundJob(
        @Nullable ViewState state,
        @Nullable View view,
        @Nullable Placement placement,
        Lineage lineage,
        Account account,
        Pause pause) {
    /**
     * Whether it is to make steps.
     *
     * @param untilNanos of one that is to: job time up to which it stood; 0: it did not
     */
    public record Pause(boolean paused, String reason, long untilNanos) {
        /** Nobody ever paused it. */
        public static final Pause NEVER = new Pause(false, "", 0);
    }

    /** One that nobody ever paused. */
    public FoundJob(
            @Nullable ViewState state,
            @Nullable View view,
            @Nullable Placement placement,
            Lineage lineage,
            Account account) {
        this(state, view, placement, lineage, account, Pause.NEVER);
    }

    /**
     * The account as it was written last.
     *
     * @param epoch the view that was active then; 0: none yet
     * @param jobTimeNanos up to where the categories go
     * @param incidents in order
     * @param history when the time was spent; null: that was not kept
     */
    public record Account(
            long epoch,
            long completedStep,
            long protectedStep,
            long jobTimeNanos,
            Map<Category, BigInteger> categories,
            List<UnsettledRun> unsettled,
            List<Incident> incidents,
            @Nullable FrozenHistory history) {
        /** Nothing was written yet. */
        public static final Account NONE = new Account(0, 0, 0, 0, Map.of(), List.of(), List.of());

        /** When the time was spent was not kept. */
        public Account(
                long epoch,
                long completedStep,
                long protectedStep,
                long jobTimeNanos,
                Map<Category, BigInteger> categories,
                List<UnsettledRun> unsettled,
                List<Incident> incidents) {
            this(
                    epoch,
                    completedStep,
                    protectedStep,
                    jobTimeNanos,
                    categories,
                    unsettled,
                    incidents,
                    null);
        }

        public Account {
            var copy = new EnumMap<Category, BigInteger>(Category.class);
            copy.putAll(categories);
            categories = Collections.unmodifiableMap(copy);
            unsettled = List.copyOf(unsettled);
            incidents = List.copyOf(incidents);
        }
    }

    /** A view was active, and may be still. */
    boolean isActive() {
        return state == ViewState.ACTIVE || state == ViewState.FINISHING;
    }

    /** The newest view that became active; null before the first. */
    Lineage.@Nullable Branch lastActive() {
        List<Lineage.Branch> branches = lineage.branches();
        return branches.isEmpty() ? null : branches.getLast();
    }
}
