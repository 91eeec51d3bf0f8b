package io.coxswain.agent.core;

import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

/** What the machine asks for. Carried out in order; none of them blocks or throws. */
public sealed interface AgentEffect {
    /** Tell the leader; lost silently when no stream is open. */
    record Report(AgentReport report) implements AgentEffect {}

    /** Give this stream up and look for the leader again. */
    record LeaveStream(String reason) implements AgentEffect {}

    // ---------------------------------------------------------------- the worker

    /**
     * Start a process for that job; answered by {@link AgentEvent.WorkerConnected} or {@link
     * AgentEvent.WorkerExited}.
     */
    record StartWorker(int generation, JobSpec job) implements AgentEffect {}

    /** Let it exit; whatever comes from it later is dropped. */
    record StopWorker(int generation) implements AgentEffect {}

    /**
     * Up the kill ladder; answered by {@link AgentEvent.WorkerExited}. Of one that is {@code hung}
     * evidence is taken first.
     */
    record KillWorker(int generation, String reason, boolean hung) implements AgentEffect {}

    /**
     * Kill it without a word: it may be stuck in a group that is no more. Answered by {@link
     * AgentEvent.WorkerExited}.
     */
    record ReplaceWorker(int generation, String reason) implements AgentEffect {}

    /** On the side channel: abort work of epochs below. */
    record AbortWorker(int generation, long belowEpoch) implements AgentEffect {}

    record AskWorker(int generation, WorkerRequest request) implements AgentEffect {}

    /** On the side channel: the answer to a request to the key-value store. */
    record AnswerKeyValue(int generation, long requestId, KeyValueReply reply)
            implements AgentEffect {}

    // ---------------------------------------------------------------- the data plane

    /** Refuse and drop the data of epochs below; answered by {@link AgentEvent.DataFenced}. */
    record FenceData(String jobId, long belowEpoch) implements AgentEffect {}

    /** Join the collective of a view as {@code rank} with the tensors of {@code region}. */
    record ConfigureCollective(View view, int rank, JobSpec job, StateLayout layout, String region)
            implements AgentEffect {}

    /**
     * {@code microshardLosses} is not copied: it goes from the worker's answer to the collective.
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Reduce(
            long epoch,
            long step,
            float[] microshardLosses,
            long acknowledgedStep,
            long executeNanos)
            implements AgentEffect {}

    record Gather(long epoch, long step) implements AgentEffect {}

    /** Stream an own snapshot to a holder; answered by {@link AgentEvent.CopyPushed}. */
    record PushCopy(StateName state, SlotRef slot, Peer holder, CopyTerms terms)
            implements AgentEffect {}

    /** End the pushes that read this slot; they are answered as not verified. */
    record CancelPushes(SlotRef slot) implements AgentEffect {}

    /** Bring a state into a free slot; answered by {@link AgentEvent.StateFetched}. */
    record FetchState(StateName state, Digest digest, Peer donor, SlotRef destination)
            implements AgentEffect {}

    // ---------------------------------------------------------------- the arena

    /**
     * Make a file with its space reserved; answered by {@link AgentEvent.FileReady} or {@link
     * AgentEvent.FileFailed}.
     */
    record CreateFile(String file, ArenaShape shape) implements AgentEffect {}

    record DeleteFile(String file) implements AgentEffect {}

    record FreeSlot(SlotRef slot) implements AgentEffect {}

    /** Answered by {@link AgentEvent.FileInspected}. */
    record InspectFile(String file) implements AgentEffect {}

    /** Peers may fetch {@code state} from here on; it lies in {@code slot}. */
    record ShareState(StateName state, SlotRef slot) implements AgentEffect {}

    record UnshareState(StateName state) implements AgentEffect {}

    /** Take in copies of the job's {@code shard} into the slots of {@code file}. */
    record HoldCopies(String jobId, int shard, String file) implements AgentEffect {}

    /**
     * Take in no more copies of {@code shard}; what is in its file stays, and with {@code forget}
     * it is the machine's alone.
     */
    record ReleaseCopies(int shard, String file, boolean forget) implements AgentEffect {}

    /** A held copy is of no use any more: its slot is free. */
    record DropCopy(StateName state, SlotRef slot) implements AgentEffect {}

    /** Take copies in again after a fence. */
    record AdmitCopies(long epoch) implements AgentEffect {}

    // ---------------------------------------------------------------- the end

    /**
     * This process may end.
     *
     * @param drained nothing depends on it; else nobody is there who could take its part over
     */
    record MayEnd(boolean drained, String reason) implements AgentEffect {}

    // ---------------------------------------------------------------- the observer

    /** A phase of a step is under way. */
    record Reached(long step, StepPhase phase) implements AgentEffect {}
}
