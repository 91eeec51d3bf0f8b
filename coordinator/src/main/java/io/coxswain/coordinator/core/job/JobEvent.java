package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.maintenance.Maintenance;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepRun;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a job's machine is told. Events of older incarnations or epochs are dropped by the machine,
 * never by the caller.
 */
public sealed interface JobEvent {
    /**
     * An agent attached (or attached again after its stream broke); what it still holds of this job
     * comes with it.
     */
    record AgentAttached(AgentProfile agent, Inventory inventory) implements JobEvent {}

    /**
     * Its worker has loaded the program.
     *
     * @param loadNanos of program and data
     * @param compileNanos of compilation and warm-up
     * @param startNanos from the process's start until it could be asked: interpreter and imports
     * @param promisedEpoch the agent follows no epoch below, be it of a former job of this id
     */
    record AgentReady(
            AgentKey agent,
            StateLayout layout,
            long loadNanos,
            long compileNanos,
            long startNanos,
            long promisedEpoch)
            implements JobEvent {
        /** Of a process that was there. */
        public AgentReady(AgentKey agent, StateLayout layout, long loadNanos, long compileNanos) {
            this(agent, layout, loadNanos, compileNanos, 0, 0);
        }
    }

    /** It cannot run this job. */
    record AgentUnfit(AgentKey agent, String reason) implements JobEvent {}

    /**
     * Liveness declared it lost.
     *
     * @param lastSignNanos its last sign of life, in loop time
     * @param planned it had said that it leaves
     */
    record AgentLost(AgentKey agent, String cause, long lastSignNanos, boolean planned)
            implements JobEvent {
        /** It went without a word. */
        public AgentLost(AgentKey agent, String cause, long lastSignNanos) {
            this(agent, cause, lastSignNanos, false);
        }
    }

    /** Answer to a fence. */
    record InventoryReported(AgentKey agent, Inventory inventory) implements JobEvent {}

    record ViewReadyReported(
            AgentKey agent,
            long epoch,
            long step,
            Digest digest,
            String action,
            long restoredBytes,
            long restoreNanos)
            implements JobEvent {}

    /**
     * {@code badState}: the source named was missing or did not match, and must not be offered
     * again.
     */
    record ViewFailedReported(
            AgentKey agent,
            long epoch,
            String reason,
            boolean badState,
            @Nullable StateName state,
            @Nullable AgentKey source)
            implements JobEvent {}

    record ProgressReported(AgentKey agent, Progress progress) implements JobEvent {}

    /**
     * All members of that view report the same at one instant; as if they did one by one, in the
     * order of ranks. For simulators, whose agents run as one: no network brings such an event.
     */
    record AllProgressed(long epoch, List<StepRun> runs, long floor) implements JobEvent {
        public AllProgressed {
            runs = List.copyOf(runs);
        }
    }

    /**
     * The worker died or was killed for silence; the agent and its arena live.
     *
     * @param epoch the newest view that the agent had prepared when the worker died, 0 for none; a
     *     report of an older view than the member has since taken up is a ghost
     */
    record WorkerLostReported(AgentKey agent, long epoch, String cause, boolean hung)
            implements JobEvent {}

    /** A holder verified a copy. */
    record CopyHeldReported(AgentKey agent, HeldState copy, long placementVersion)
            implements JobEvent {}

    /** A holder has no memory for copies that it was asked to hold. */
    record CopiesRefused(AgentKey agent, long placementVersion, int shard, String reason)
            implements JobEvent {}

    record FinalStateReported(AgentKey agent, FinalShard shard) implements JobEvent {}

    /** A member cannot reach another on the data plane although both have live streams. */
    record LinkAccused(AgentKey accuser, AgentKey peer, long epoch, String detail)
            implements JobEvent {}

    /**
     * A member answers and makes no step, and the others wait for it.
     *
     * @param cycle all wait for somebody and it is the most accused: a link is cut, not a worker
     *     stuck
     * @param named others wait for it, as they say; else it only took the longest
     * @param what for a person
     * @param stalledNanos how long the longest wait lasts
     */
    record HangSuspected(
            AgentKey agent,
            long epoch,
            boolean cycle,
            boolean named,
            String what,
            long stalledNanos)
            implements JobEvent {
        public HangSuspected(
                AgentKey agent, long epoch, boolean cycle, String what, long stalledNanos) {
            this(agent, epoch, cycle, false, what, stalledNanos);
        }
    }

    /** The record asked for by {@link JobEffect.PersistView} is durable. */
    record ViewPersisted(long epoch, JobEffect.ViewState state) implements JobEvent {}

    /** The record asked for by {@link JobEffect.PersistResult} is durable. */
    record ResultPersisted() implements JobEvent {}

    /**
     * The account is durable with all steps of that view up to {@code step}: whoever leads next
     * goes on from there.
     */
    record AccountPersisted(long epoch, long step) implements JobEvent {}

    /** A timer set by {@link JobEffect.SetTimer} came due. */
    record TimerFired(JobEffect.TimerKind kind, long epoch) implements JobEvent {}

    /** A person wants the job to make no steps. */
    record PauseRequested(String reason) implements JobEvent {}

    /** A person wants a paused job to make steps. */
    record ResumeRequested() implements JobEvent {}

    /** The record asked for by {@link JobEffect.PersistPause} with that number is durable. */
    record PausePersisted(long serial) implements JobEvent {}

    /** A member of that view begins no step after {@code step} until it hears more. */
    record StepsHeld(AgentKey agent, long epoch, long step) implements JobEvent {}

    /**
     * A rank's answer to {@link JobEffect.SendHalt}.
     *
     * @param through it makes no step above
     * @param held its state after that step is committed in a slot
     */
    record StepsHaltedReported(AgentKey agent, long epoch, long number, long through, boolean held)
            implements JobEvent {}

    /**
     * Which agents are to have no ranks and no copies.
     *
     * @param inherited it stood before this job was here
     */
    record MaintenanceOrdered(Maintenance orders, boolean inherited) implements JobEvent {}

    /** The store is out of reach, or back: nothing is decided meanwhile. */
    record StoreReachable(boolean reachable) implements JobEvent {}

    /** A person cancelled the job. */
    record CancelRequested(String reason) implements JobEvent {}
}
