package io.coxswain.coordinator.core.liveness;

import io.coxswain.coordinator.core.model.AgentKey;

/** What liveness asks for. */
public sealed interface LivenessEffect {
    /**
     * Connect to the agent's data endpoint and ask who is there; answered by {@link
     * LivenessEvent.DialEnded} with the same number.
     */
    record Dial(AgentKey agent, long dial) implements LivenessEffect {}

    /** It is not heard any more. No verdict: it may clear up by itself. */
    record Suspect(AgentKey agent, long silentNanos) implements LivenessEffect {}

    /** A suspected agent was heard again. */
    record Cleared(AgentKey agent) implements LivenessEffect {}

    /**
     * The verdict. The machine has forgotten the agent; should it attach again, it is a newcomer.
     * {@code lastSignNanos}: its last sign of life: when it was last heard, or when a stream that
     * was not silent broke, for the reset is sent by the death itself.
     */
    record DeclareLost(AgentKey agent, LostCause cause, long lastSignNanos)
            implements LivenessEffect {}
}
