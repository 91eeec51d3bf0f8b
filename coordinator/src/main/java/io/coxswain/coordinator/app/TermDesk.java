package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.term.TermClaims;
import io.coxswain.coordinator.core.term.TermDecision;
import io.coxswain.coordinator.core.term.TermVerdict;

import java.util.List;

/**
 * Puts into effect what {@link TermClaims} decides about agents that speak of a higher term. Owned
 * by the decision loop.
 */
final class TermDesk {
    /** What it needs of the coordinator around it. */
    interface Around {
        /** Ends a stream that an agent opened or is attached by. */
        void refuse(long stream, String reason, boolean retry);

        /** Gives the lead up. */
        void resign(String reason);

        void publish(CoordinatorEvent event, String jobId, long epoch, long step);

        long nowNanos();
    }

    private final LeadershipPort leadership;
    private final Around around;
    private TermClaims claims = new TermClaims(0);
    private long term;
    // Questions of a term that is over are not confused with those of the next.
    private long asked;
    private long base;

    TermDesk(LeadershipPort leadership, Around around) {
        this.leadership = leadership;
        this.around = around;
    }

    /** A lead begins; nothing of the one before is remembered. */
    void begin(long newTerm) {
        term = newTerm;
        base = asked;
        claims = new TermClaims(newTerm);
    }

    /** The lead is over: those who wait for a verdict are sent away. */
    void end() {
        apply(claims.over());
        begin(0);
    }

    /**
     * Looks at what an agent says of terms. True: it speaks of a higher one than this leader's, or
     * did, and what else it says on that stream does not count.
     */
    boolean doubts(long stream, AgentKey agent, long termSeen, boolean reachable) {
        if (termSeen <= term) {
            return claims.doubts(stream);
        }
        apply(claims.heard(stream, agent, termSeen, reachable, around.nowNanos()));
        return true;
    }

    void answered(long question, TermVerdict verdict) {
        if (question > base) {
            apply(claims.answered(question - base, verdict, around.nowNanos()));
        }
    }

    void advance(long nowNanos) {
        apply(claims.advance(nowNanos));
    }

    long nextDeadlineNanos() {
        return claims.nextDeadlineNanos();
    }

    private void apply(List<TermDecision> decisions) {
        for (TermDecision decision : decisions) {
            switch (decision) {
                case TermDecision.Ask(long question) -> {
                    asked = base + question;
                    leadership.askTerm(asked);
                }
                case TermDecision.Refuse(long stream, AgentKey agent, var why) ->
                        around.refuse(stream, "agent " + agent + ": " + why.text(), why.retry());
                case TermDecision.Tell told ->
                        around.publish(
                                new CoordinatorEvent.TermClaimed(
                                        told.agent().id(),
                                        told.agent().incarnation(),
                                        told.claimed(),
                                        told.verdict(),
                                        told.claims(),
                                        told.struckNanos()),
                                "",
                                0,
                                0);
                case TermDecision.Resign(AgentKey agent, long claimed) ->
                        around.resign(
                                "agent "
                                        + agent
                                        + " has heard of term "
                                        + claimed
                                        + ", and ZooKeeper confirms that term "
                                        + term
                                        + " is over");
            }
        }
    }
}
