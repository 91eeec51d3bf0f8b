package io.coxswain.coordinator.core.liveness;

import io.coxswain.coordinator.core.model.AgentKey;

/**
 * What the witnesses say. Streams and dials carry a number, so that a late word about an old one is
 * known as such.
 */
public sealed interface LivenessEvent {
    /** The agent attached over stream {@code stream}; numbers grow. */
    record StreamOpened(AgentKey agent, long stream) implements LivenessEvent {}

    /** Any message came over the agent's stream: a heartbeat, a report. */
    record Heard(AgentKey agent, long stream) implements LivenessEvent {}

    /**
     * A heartbeat came, which is answered at once.
     *
     * @param sequence numbers the agent's heartbeats
     * @param answered the newest one whose answer has reached the agent; 0: none yet; {@link
     *     #UNTOLD}: it does not say
     */
    record Beat(AgentKey agent, long stream, long sequence, long answered)
            implements LivenessEvent {
        /** An agent of a version that does not say what it hears. */
        public static final long UNTOLD = -1;
    }

    /** The stream ended without a farewell, by error or by close. */
    record StreamBroken(AgentKey agent, long stream) implements LivenessEvent {}

    /** The agent said that it goes. */
    record Leaving(AgentKey agent, long stream, String reason) implements LivenessEvent {}

    /**
     * Its ephemeral node is there. One of another incarnation than the stream's is a ghost and
     * changes nothing.
     */
    record RegistrationSeen(AgentKey agent) implements LivenessEvent {}

    /** Its ephemeral node is gone, by a ZooKeeper that answers. */
    record RegistrationGone(AgentKey agent) implements LivenessEvent {}

    /** The dial asked for by {@link LivenessEffect.Dial} ended. */
    record DialEnded(AgentKey agent, long dial, DialResult result) implements LivenessEvent {}

    /** {@link LivenessMachine#nextDeadlineNanos()} has come. Also harmless at any other time. */
    record DeadlineReached() implements LivenessEvent {}
}
