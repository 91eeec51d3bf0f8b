package io.coxswain.agent.core;

import org.jspecify.annotations.Nullable;

/**
 * This agent's process is to end soon: tells the leader, so that rank and copies are elsewhere by
 * then. Where nobody is there to take them over, or there is nothing to take over, it may end at
 * once. The deadline is the owner's.
 */
final class Departure {
    private final Station at;
    private @Nullable String reason;
    private long endNanos;
    private boolean leaderless;
    private boolean over;

    Departure(Station at) {
        this.at = at;
    }

    void noticed(AgentEvent.NoticeGiven notice, long now) {
        if (reason != null) {
            return;
        }
        reason = notice.reason();
        endNanos = now + notice.leftNanos();
        // A leader that was heard within the lease may be about to be followed by another.
        leaderless = !at.link.isOpen() && !at.link.leaseHolds(now);
        restate(now);
    }

    /** A leader is there, who may not have heard. */
    void restate(long now) {
        String why = reason;
        if (why != null && !over && at.link.isOpen()) {
            at.out.report(new AgentReport.Notice(why, Math.max(0, endNanos - now)));
        }
    }

    /** The leader says that nothing depends on this agent. */
    void granted() {
        if (reason != null) {
            end(true, "it is drained");
        }
    }

    /** There may be nothing to wait for. */
    void settle() {
        if (reason == null || over) {
            return;
        }
        if (at.job == null) {
            end(true, "it has no job");
        } else if (leaderless) {
            end(false, "no leader is there");
        }
    }

    private void end(boolean drained, String why) {
        if (!over) {
            over = true;
            at.out.add(new AgentEffect.MayEnd(drained, why));
        }
    }
}
