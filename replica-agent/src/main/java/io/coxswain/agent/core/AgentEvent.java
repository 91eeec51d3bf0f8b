package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.LineageSegment;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;

import java.util.List;

/**
 * What the machine is told. Late, doubled and outdated events are dropped by the machine, never by
 * the caller.
 */
public sealed interface AgentEvent {
    /** Time passed: sent when {@link AgentMachine#nextDeadlineNanos} has come. */
    record Tick() implements AgentEvent {}

    // ---------------------------------------------------------------- the leader

    /** A word from a leader of that term. */
    sealed interface FromLeader extends AgentEvent {
        long term();
    }

    /** The stream to a leader is open; nothing was said on it yet. */
    record StreamOpened() implements AgentEvent {}

    record StreamClosed(String reason) implements AgentEvent {}

    /** This process ends within {@code leftNanos}, whatever happens. Given once. */
    record NoticeGiven(String reason, long leftNanos) implements AgentEvent {}

    record Welcomed(long term, long heartbeatNanos, long leaseNanos) implements FromLeader {}

    record AttachRejected(long term, String reason) implements FromLeader {}

    record HeartbeatAnswered(long term, long sequence, long jobTimeNanos) implements FromLeader {}

    record JobOffered(long term, JobSpec job) implements FromLeader {}

    record Fenced(long term, String jobId, long epoch) implements FromLeader {}

    record ViewOrdered(long term, PrepareOrder order) implements FromLeader {}

    /** The view begins, or goes on; {@code hold} as in {@link StepsGranted}. */
    record ViewStarted(
            long term,
            String jobId,
            long epoch,
            long through,
            List<GrantedFloor> floors,
            SnapshotInterval interval,
            boolean hold)
            implements FromLeader {
        public ViewStarted {
            floors = List.copyOf(floors);
        }

        public ViewStarted(
                long term,
                String jobId,
                long epoch,
                long through,
                List<GrantedFloor> floors,
                SnapshotInterval interval) {
            this(term, jobId, epoch, through, floors, interval, false);
        }

        public ViewStarted(
                long term, String jobId, long epoch, long through, List<GrantedFloor> floors) {
            this(term, jobId, epoch, through, floors, SnapshotInterval.PLANNED);
        }

        public ViewStarted(long term, String jobId, long epoch, long through) {
            this(term, jobId, epoch, through, List.of());
        }
    }

    /**
     * Further steps may be made.
     *
     * @param hold no step beyond {@code through} may, whatever was granted; one that is under way
     *     is finished
     */
    record StepsGranted(
            long term,
            String jobId,
            long epoch,
            long through,
            List<GrantedFloor> floors,
            SnapshotInterval interval,
            boolean hold)
            implements FromLeader {
        public StepsGranted {
            floors = List.copyOf(floors);
        }

        public StepsGranted(
                long term,
                String jobId,
                long epoch,
                long through,
                List<GrantedFloor> floors,
                SnapshotInterval interval) {
            this(term, jobId, epoch, through, floors, interval, false);
        }

        public StepsGranted(
                long term, String jobId, long epoch, long through, List<GrantedFloor> floors) {
            this(term, jobId, epoch, through, floors, SnapshotInterval.PLANNED);
        }

        public StepsGranted(long term, String jobId, long epoch, long through) {
            this(term, jobId, epoch, through, List.of());
        }
    }

    record PlacementInstalled(long term, Placement placement) implements FromLeader {}

    record FinalRequested(
            long term, String jobId, long epoch, long step, List<LineageSegment> lineage)
            implements FromLeader {
        public FinalRequested {
            lineage = List.copyOf(lineage);
        }
    }

    record JobEnded(long term, String jobId, String reason) implements FromLeader {}

    /**
     * Make no step above {@code after} that is not under way.
     *
     * @param hold the state that it stops at is wanted in a slot
     */
    record HaltOrdered(long term, String jobId, long epoch, long number, long after, boolean hold)
            implements FromLeader {}

    /** Nothing depends on this agent any more: answer to a notice. */
    record LeaveGranted(long term) implements FromLeader {}

    record ProgressAcknowledged(long term, String jobId, long epoch, long step)
            implements FromLeader {}

    /** The answer of the view's key-value store. */
    record KeyValueAnswered(long term, String jobId, long id, KeyValueReply reply)
            implements FromLeader {}

    // ---------------------------------------------------------------- the worker

    /** From the worker that was started as that generation. */
    sealed interface FromWorker extends AgentEvent {
        int generation();
    }

    /** Both channels are up. */
    record WorkerConnected(int generation) implements FromWorker {}

    /**
     * A sign of life on the side channel.
     *
     * @param part of the step in which its program is, for a person; empty: it does not say
     */
    record WorkerPonged(int generation, long step, int entered, String part, String waitsFor)
            implements FromWorker {
        public WorkerPonged(int generation) {
            this(generation, 0, 0, "", "");
        }
    }

    /**
     * The worker is warm.
     *
     * @param liveBytes of the largest shard's live state in the region
     * @param pieces of a snapshot, at most
     * @param reforms it can leave a broken group and join the next one
     */
    record JobLoaded(
            int generation,
            StateLayout layout,
            long liveBytes,
            int pieces,
            long loadNanos,
            long compileNanos,
            boolean reforms)
            implements FromWorker {
        public JobLoaded(
                int generation,
                StateLayout layout,
                long liveBytes,
                int pieces,
                long loadNanos,
                long compileNanos) {
            this(generation, layout, liveBytes, pieces, loadNanos, compileNanos, false);
        }
    }

    /** {@code digest} of the loaded slot, {@link Digest#NONE} for INIT and KEEP_LIVE. */
    record ViewPrepared(int generation, long epoch, long step, Digest digest, long loadedBytes)
            implements FromWorker {}

    /**
     * {@code microshardLosses}: sums over the samples of each own microshard; not copied. {@code
     * loss}, {@code snapshotStallNanos}: of a step that the worker made whole, its mean loss, and
     * how long the snapshots since the one before kept it waiting. {@code ownNanos}: likewise,
     * until it first waited for other ranks; 0: it does not say.
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Executed(
            int generation,
            long epoch,
            long step,
            float[] microshardLosses,
            long samples,
            long sampleHash,
            long executeNanos,
            long dataWaitNanos,
            float loss,
            long snapshotStallNanos,
            long ownNanos)
            implements FromWorker {
        public Executed(
                int generation,
                long epoch,
                long step,
                float[] microshardLosses,
                long samples,
                long sampleHash,
                long executeNanos,
                long dataWaitNanos) {
            this(
                    generation,
                    epoch,
                    step,
                    microshardLosses,
                    samples,
                    sampleHash,
                    executeNanos,
                    dataWaitNanos,
                    Float.NaN,
                    0,
                    0);
        }
    }

    /** The request was of an epoch that is aborted, and changed nothing. */
    record RequestAborted(int generation, WorkerRequest request) implements FromWorker {}

    record Applied(int generation, long epoch, long step, long applyNanos, long snapshotStallNanos)
            implements FromWorker {}

    record SnapshotCommitted(
            int generation, long epoch, long step, int slot, Digest digest, long bytes)
            implements FromWorker {}

    record SnapshotFailed(int generation, long epoch, long step, int slot, String reason)
            implements FromWorker {}

    record Finished(int generation, FinalParts parts) implements FromWorker {}

    /** Came instead of the answer to {@code request}. */
    record WorkerFaulted(int generation, WorkerRequest request, String code, String message)
            implements FromWorker {}

    /**
     * It asks for an operation on its view's key-value store.
     *
     * @param waitNanos how long the answer may take, unsigned; 0: it waits for nobody
     * @param operation as it came; not copied
     */
    @SuppressWarnings("ArrayRecordComponent")
    record KeyValueAsked(
            int generation, long requestId, long epoch, long waitNanos, byte[] operation)
            implements FromWorker {}

    /** The process is gone; {@code cause} has its status and last words. */
    record WorkerExited(int generation, String cause) implements FromWorker {}

    // ---------------------------------------------------------------- the data plane

    /** {@code executeNanosByRank} is not copied. */
    @SuppressWarnings("ArrayRecordComponent")
    record Reduced(long epoch, long step, double lossSum, long floor, long[] executeNanosByRank)
            implements AgentEvent {}

    record Gathered(long epoch, long step) implements AgentEvent {}

    record PeerLost(long epoch, int rank, String detail) implements AgentEvent {}

    /** After {@link AgentEffect.FenceData}: nothing of an older epoch comes any more. */
    record DataFenced(long epoch) implements AgentEvent {}

    /** A holder's verdict, or why none came. */
    record CopyPushed(StateName state, AgentKey holder, boolean verified, String reason)
            implements AgentEvent {}

    record StateFetched(
            StateName state,
            SlotRef destination,
            boolean ok,
            String reason,
            Digest digest,
            long bytes)
            implements AgentEvent {}

    /**
     * A copy for another rank is complete and verified in {@code slot}. {@code floor}: what its
     * source said.
     */
    record CopyReceived(
            StateName state,
            SlotRef slot,
            Digest digest,
            long bytes,
            long floor,
            long placementVersion)
            implements AgentEvent {}

    /** A held copy made room (its step is below the floor), or was found damaged. */
    record CopyDropped(StateName state, SlotRef slot) implements AgentEvent {}

    // ---------------------------------------------------------------- the arena

    record FileReady(String file) implements AgentEvent {}

    record FileFailed(String file, String reason) implements AgentEvent {}

    /** What a dead worker's region holds. */
    record FileInspected(String file, List<InspectedSlot> committed) implements AgentEvent {
        public FileInspected {
            committed = List.copyOf(committed);
        }
    }

    /** A committed slot as its own table describes it. */
    record InspectedSlot(int index, HeldState held) {}
}
