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
     */
    record Heartbeat(
            long sequence,
            long answered,
            long jobTimeNanos,
            String operation,
            long step,
            List<Integer> waitingForRanks,
            long operationNanos)
            implements AgentWord {
        public Heartbeat {
            waitingForRanks = List.copyOf(waitingForRanks);
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

    /** Its process ends within that time, whatever happens. */
    record Noticed(String reason, long leftNanos) implements AgentWord {}

    /** It goes on purpose. */
    record Leaving(String reason) implements AgentWord {}
}
