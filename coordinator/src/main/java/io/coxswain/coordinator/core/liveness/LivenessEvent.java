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
