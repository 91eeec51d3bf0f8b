package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.StepPlanCompiler;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a job's machine asks for. The application carries effects out in order; what must wait for
 * durability waits for the event that says so.
 */
public sealed interface JobEffect {
    /** The stages of a view record in ZooKeeper. */
    enum ViewState {
        PREPARING,
        ACTIVE,
        FINISHING
    }

    /** Timers are dropped by the machine when their epoch is over. */
    enum TimerKind {
        /** Fenced agents did not answer. */
        FENCE_LIMIT,
        /** Members did not become ready. */
        PREPARE_LIMIT,
        /**
         * Wait a moment before planning: for more agents to become ready, or before those that
         * failed are tried again.
         */
        SETTLE,
        /** A member's worker did not come back. */
        WORKER_RESTART,
        /** A lost shard's holder did not come back. */
        RETURN_WAIT,
        /** Re-examine credits, placement repair and hangs. */
        TICK,
        /** The final states did not come. */
        FINAL_LIMIT
    }

    /** Load the program, be ready. */
    record OfferJob(AgentKey agent) implements JobEffect {}

    record SendFence(AgentKey agent, long epoch) implements JobEffect {}

    /** Persist the view record; answered by {@link JobEvent.ViewPersisted}. */
    record PersistView(ViewState state, View view, @Nullable Placement placement, Lineage lineage)
            implements JobEffect {}

    /** A state that other members will fetch from the addressee. */
    record Donation(StateName state, Digest digest) {}

    /**
     * {@code rank} is -1 and {@code source}, {@code plans} are null for a spare.
     *
     * @param plans of the view's ranks, each compiled when it is asked for
     * @param floor the newest floor that anybody told of, the base step at most: the addressee may
     *     not have heard of it, and must free nothing at or above it
     */
    record SendPrepareView(
            AgentKey agent,
            View view,
            int rank,
            @Nullable RestoreSource source,
            @Nullable StepPlanCompiler plans,
            Placement placement,
            List<Donation> donations,
            long floor)
            implements JobEffect {
        /** The addressee's plan; null for a spare. */
        public @Nullable StepPlan plan() {
            return plans == null ? null : plans.compile(rank);
        }
    }

    /** {@code floors}, {@code interval} and {@code hold} as in {@link SendGrant}. */
    record SendStartView(
            AgentKey agent,
            long epoch,
            long through,
            List<GrantedFloor> floors,
            SnapshotInterval interval,
            boolean hold)
            implements JobEffect {
        public SendStartView(
                AgentKey agent,
                long epoch,
                long through,
                List<GrantedFloor> floors,
                SnapshotInterval interval) {
            this(agent, epoch, through, floors, interval, false);
        }

        public SendStartView(AgentKey agent, long epoch, long through, List<GrantedFloor> floors) {
            this(agent, epoch, through, floors, SnapshotInterval.PLANNED);
        }

        public SendStartView(AgentKey agent, long epoch, long through) {
            this(agent, epoch, through, List.of());
        }
    }

    /**
     * Steps up to {@code through} may be made.
     *
     * @param floors where the runtime reduces, those of this grant and of earlier ones that a rank
     *     may still be in, ascending; else none
     * @param interval the newest change of the snapshot interval in this view
     * @param hold none beyond {@code through} may be begun, whatever was granted: a member says how
     *     far it has come. The next one without it lifts that
     */
    record SendGrant(
            AgentKey agent,
            long epoch,
            long through,
            List<GrantedFloor> floors,
            SnapshotInterval interval,
            boolean hold)
            implements JobEffect {
        public SendGrant(
                AgentKey agent,
                long epoch,
                long through,
                List<GrantedFloor> floors,
                SnapshotInterval interval) {
            this(agent, epoch, through, floors, interval, false);
        }

        public SendGrant(AgentKey agent, long epoch, long through, List<GrantedFloor> floors) {
            this(agent, epoch, through, floors, SnapshotInterval.PLANNED);
        }

        public SendGrant(AgentKey agent, long epoch, long through) {
            this(agent, epoch, through, List.of());
        }
    }

    record SendPlacement(AgentKey agent, Placement placement, long effectiveStep)
            implements JobEffect {}

    record SendCollectFinal(AgentKey agent, long epoch, long step, List<Lineage.Segment> lineage)
            implements JobEffect {}

    /** The job is over for this agent: free everything of it. */
    record SendEndJob(AgentKey agent, String reason) implements JobEffect {}

    /** Progress up to here is in the ledger. */
    record SendAcknowledge(AgentKey agent, long epoch, long step) implements JobEffect {}

    record SetTimer(TimerKind kind, long epoch, long delayNanos) implements JobEffect {}

    /** Persist the outcome; answered by {@link JobEvent.ResultPersisted}. */
    record PersistResult(JobResult result) implements JobEffect {}

    /**
     * Persist whether the job is to make steps; answered by {@link JobEvent.PausePersisted}.
     *
     * @param untilNanos of one that is to: job time up to which it stood; 0: it did not
     */
    record PersistPause(long serial, boolean paused, String reason, long untilNanos)
            implements JobEffect {}

    /**
     * Make no step above {@code after} that is not under way; answered by {@link
     * JobEvent.StepsHaltedReported}. The next grant takes it back.
     *
     * @param hold the state that it stops at is wanted in a slot
     */
    record SendHalt(AgentKey agent, long epoch, long number, long after, boolean hold)
            implements JobEffect {}

    /**
     * How far an agent that is set aside is from being taken away.
     *
     * @param detail what it waits for, or what stands; may be empty
     */
    record ReportMaintenance(AgentKey agent, MaintenanceState state, String detail)
            implements JobEffect {}

    /** Tell the listeners. */
    record Publish(CoordinatorEvent event) implements JobEffect {}
}
