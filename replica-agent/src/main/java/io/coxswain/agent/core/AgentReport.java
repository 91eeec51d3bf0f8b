package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.Standing;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** What an agent tells the leader. Each names its counterpart in the control protocol. */
public sealed interface AgentReport {
    /**
     * First message of a stream; who the agent is comes from the adapter. {@code standing} is null
     * where it has no rank in a view.
     */
    record Attach(Inventory inventory, long jobTimeNanos, @Nullable Standing standing)
            implements AgentReport {
        /** Of an agent without a rank. */
        public Attach(Inventory inventory, long jobTimeNanos) {
            this(inventory, jobTimeNanos, null);
        }
    }

    /**
     * {@code answered} is the newest heartbeat whose answer came, 0 before the first; {@code
     * waitingForRanks} is filled in where the report is sent; {@code entered} is how many
     * collectives of its own the worker has come to in the step, 0: not told; {@code waitsFor} is
     * what somebody else must do before this agent can go on, empty: nothing; {@code part} is in
     * what part of the step the worker's program is, for a person, empty: not told.
     */
    record Heartbeat(
            long sequence,
            long answered,
            long jobTimeNanos,
            String operation,
            long step,
            List<Integer> waitingForRanks,
            long operationNanos,
            int entered,
            String waitsFor,
            String part)
            implements AgentReport {
        public Heartbeat {
            waitingForRanks = List.copyOf(waitingForRanks);
        }

        public Heartbeat(
                long sequence,
                long answered,
                long jobTimeNanos,
                String operation,
                long step,
                List<Integer> waitingForRanks,
                long operationNanos) {
            this(
                    sequence,
                    answered,
                    jobTimeNanos,
                    operation,
                    step,
                    waitingForRanks,
                    operationNanos,
                    0,
                    "",
                    "");
        }
    }

    record JobReady(
            String jobId,
            StateLayout layout,
            long loadNanos,
            long compileNanos,
            long startNanos,
            long promisedEpoch)
            implements AgentReport {
        public JobReady(String jobId, StateLayout layout, long loadNanos, long compileNanos) {
            this(jobId, layout, loadNanos, compileNanos, 0, 0);
        }
    }

    record JobUnfit(String jobId, String reason) implements AgentReport {}

    /** Answer to a fence. */
    record Holdings(Inventory inventory) implements AgentReport {}

    record ViewReady(
            String jobId,
            long epoch,
            long step,
            Digest digest,
            Restore.Action action,
            long restoredBytes,
            long restoreNanos)
            implements AgentReport {}

    /**
     * {@code badState}: what the order named was missing or did not match; {@code state} and {@code
     * source} say which.
     */
    record ViewFailed(
            String jobId,
            long epoch,
            String reason,
            boolean badState,
            @Nullable StateName state,
            @Nullable AgentKey source)
            implements AgentReport {}

    record StepsDone(Progress progress) implements AgentReport {}

    record WorkerLost(String jobId, long epoch, String cause, boolean hung)
            implements AgentReport {}

    record CopyHeld(HeldState copy, long placementVersion) implements AgentReport {}

    /** There is no memory for the copies that the placement asks for: somebody else has to. */
    record CopiesRefused(String jobId, long placementVersion, int shard, String reason)
            implements AgentReport {}

    /** {@code evaluated}: rank 0 measured loss and accuracy on held-out data. */
    record FinalState(
            String jobId, long epoch, long step, int rank, boolean evaluated, FinalParts parts)
            implements AgentReport {}

    /** No step after this one is begun before the leader says so. */
    record StepsHeld(String jobId, long epoch, long step) implements AgentReport {}

    record PeerUnreachable(String jobId, long epoch, AgentKey peer, String detail)
            implements AgentReport {}

    /** Answer to the order to stop; {@code held}: its state after that step is in a slot. */
    record StepsHalted(String jobId, long epoch, long number, long through, boolean held)
            implements AgentReport {}

    /** This process ends within that time. */
    record Notice(String reason, long leftNanos) implements AgentReport {}

    /**
     * The worker's operation on its view's key-value store, which came as {@code operation}; not
     * copied. Ids below {@code settledBelow} have their answer.
     */
    @SuppressWarnings("ArrayRecordComponent")
    record KeyValueAsked(String jobId, long epoch, long id, long settledBelow, byte[] operation)
            implements AgentReport {}

    /** Nobody waits for that answer any more. */
    record KeyValueForgotten(String jobId, long id, long settledBelow) implements AgentReport {}
}
