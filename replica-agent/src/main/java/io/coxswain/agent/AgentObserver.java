package io.coxswain.agent;

import io.coxswain.agent.core.StepPhase;

/**
 * Hears where an agent is. Called on the agent's decision loop, just after the phase has begun: an
 * observer that blocks stalls the agent, which is how faults are placed at exact points. Exceptions
 * stop the agent.
 */
@FunctionalInterface
public interface AgentObserver {
    /** A phase of a step. For {@link StepPhase#RESTORE} the step is the view's base. */
    record Coordinate(long step, StepPhase phase) {}

    /** Hears nothing. */
    AgentObserver NONE = coordinate -> {};

    void reached(Coordinate coordinate);
}
