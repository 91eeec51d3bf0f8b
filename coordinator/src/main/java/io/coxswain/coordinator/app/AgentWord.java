package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.liveness.LivenessEvent;

import java.util.List;

/** What an attached agent says after its first message. */
public sealed interface AgentWord {
    /**
     * A sign of life with what the agent is doing.
     *
     * @param answered the newest heartbeat whose reply the agent has; 0: none yet; {@link
     *     LivenessEvent.Beat#UNTOLD}: it does not say
     * @param jobTimeNanos the last job time it heard plus its own elapsed time since; 0: none
     * @param waitingForRanks whose data the operation lacks
     * @param operationNanos since the operation began
     * @param entered collectives of the runtime that its worker has come to in that step; 0: not
     *     told
     * @param waitsFor what somebody else must do before it can go on, for a person; empty: nothing
     * @param part of the step in which its worker's program is, for a person; empty: not told
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
            implements AgentWord {
        public Heartbeat {
            waitingForRanks = List.copyOf(waitingForRanks);
        }

        /** What it does, for a person; empty: it did not say. */
        String doing() {
            if (!waitsFor.isEmpty()) {
                return "waits for " + waitsFor;
            }
            if (operation.isEmpty() || operation.equals("idle")) {
                return operation;
            }
            String waiting =
                    waitingForRanks.isEmpty() ? "" : ", waits for ranks " + waitingForRanks;
            String in = part.isEmpty() ? "" : " (" + part + ")";
            return operation + " of step " + step + in + waiting;
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

    /** Something for the machine of that job. */
    record ForJob(String jobId, JobEvent event) implements AgentWord {}

    /** A worker's operation on the key-value store of its view. */
    record AskedKeyValue(String jobId, KeyValueStore.Ask ask) implements AgentWord {}

    /** Nobody waits for that operation's answer any more. */
    record ForgotKeyValue(String jobId, long id, long settledBelow) implements AgentWord {}

    /** What its program says, by which nothing is decided. */
    record FromProgram(ProgramWord word) implements AgentWord {}

    /**
     * Something that this version does not know: the agent is of a newer one. A sign of life.
     *
     * @param field its number in the message
     */
    record Unknown(int field) implements AgentWord {}

    /** Its process ends within that time, whatever happens. */
    record Noticed(String reason, long leftNanos) implements AgentWord {}

    /** It goes on purpose. */
    record Leaving(String reason) implements AgentWord {}
}
