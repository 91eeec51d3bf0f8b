package io.coxswain.coordinator.core.term;

import io.coxswain.coordinator.core.model.AgentKey;

/** What {@link TermClaims} wants done. */
public sealed interface TermDecision {
    /** The store is to say whether the term is this leader's still. */
    record Ask(long question) implements TermDecision {}

    /** That stream is to end. */
    record Refuse(long stream, AgentKey agent, TermRefusal why) implements TermDecision {}

    /** The lead is to be given up: the store holds another term. */
    record Resign(AgentKey agent, long claimed) implements TermDecision {}

    /**
     * People are to hear of it.
     *
     * @param claimed the newest term that it spoke of
     * @param claims since it was told last
     * @param struckNanos for so long its claims are not looked into; 0: they are
     */
    record Tell(AgentKey agent, long claimed, TermVerdict verdict, long claims, long struckNanos)
            implements TermDecision {}
}
