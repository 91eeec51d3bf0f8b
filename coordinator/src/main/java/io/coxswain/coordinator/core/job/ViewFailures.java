package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Views that members could not take up: who, why and how often. An agent that fails again and again
 * is left out for a while; when nobody else is left, and it fails the same way each time, the job
 * fails with that reason.
 */
final class ViewFailures {
    /** Attempts that may fail alike, with no step in between. */
    static final int MOST_ALIKE = 8;

    /** For so long at least it is tried: a link or a host may come back. */
    static final long PATIENCE_NANOS = 60_000_000_000L;

    private final Job job;
    private String reason = "";
    private String agent = "";
    private int alike;
    private long alikeSinceNanos;

    ViewFailures(Job job) {
        this.job = job;
    }

    /**
     * A member could not take up the view of that epoch. The job's owner hears it at once, whether
     * or not it is tried again.
     */
    void failed(Roster.Member member, long epoch, String why) {
        count(member, why);
        blame(member, why);
        String what = "agent " + member.key.id() + " could not take up epoch " + epoch + ": " + why;
        if (alike == 1) {
            job.incidents.openOrExtend(Incident.Kind.SOFTWARE, member.key.id(), what, 0);
        }
        job.waitFor(new WaitReason.ViewFailed(member.key.id(), epoch, why, alike));
    }

    /** A state was bad: its source is not offered again, so the next plan is another one. */
    void badState(Roster.Member member, long epoch, String why) {
        job.waitFor(new WaitReason.ViewFailed(member.key.id(), epoch, why, 1));
    }

    /** It failed outside of a view's preparation, or in a way that shows in no words of its own. */
    void blame(Roster.Member member, String why) {
        member.failure = why;
        member.failures++;
        if (member.failures >= job.limits.viewFailures()) {
            job.roster.shun(member, true);
        }
    }

    /** It did not become ready in time. */
    void late(Roster.Member member, long limitNanos) {
        String why = "it was not ready after " + limitNanos / 1_000_000 + " ms";
        count(member, why);
        member.failure = why;
        job.roster.shun(member, true);
    }

    private void count(Roster.Member member, String why) {
        boolean again =
                alike > 0 && Repeats.withoutNumbers(why).equals(Repeats.withoutNumbers(reason));
        alike = again ? alike + 1 : 1;
        alikeSinceNanos = again ? alikeSinceNanos : job.now;
        reason = why;
        agent = member.key.id();
    }

    /** Why trying again is of no use; null while it may be. Ask when nobody else is left to try. */
    @Nullable String hopeless() {
        return alike < MOST_ALIKE || job.now - alikeSinceNanos < PATIENCE_NANOS
                ? null
                : "no view can be taken up: the last "
                        + alike
                        + " attempts failed alike, and no step was made in between; agent "
                        + agent
                        + " says: "
                        + reason;
    }

    /** Those that are left out, with their reasons. */
    WaitReason.AgentsFailing waiting(List<AgentKey> shunned, String why) {
        var failures = new ArrayList<WaitReason.Failure>(shunned.size());
        for (AgentKey key : shunned) {
            Roster.Member member = job.roster.find(key);
            failures.add(new WaitReason.Failure(key.id(), member == null ? "" : member.failure));
        }
        return new WaitReason.AgentsFailing(failures, why);
    }

    /** Who was left out may be tried once more. */
    void forgiveAll() {
        for (AgentKey key : job.roster.shunned()) {
            Roster.Member member = job.roster.find(key);
            if (member != null) {
                member.failures = job.limits.viewFailures() - 1;
                job.roster.shun(member, false);
            }
        }
    }

    /** True if a view failed since steps completed last. */
    boolean any() {
        return alike > 0;
    }

    /** Steps complete again. */
    void recovered() {
        alike = 0;
        reason = "";
        for (Roster.Member member : job.roster.all()) {
            if (!member.shunned()) {
                member.failures = 0;
            }
        }
    }
}
