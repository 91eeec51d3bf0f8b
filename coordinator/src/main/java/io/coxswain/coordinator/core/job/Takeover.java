package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The first moments of a new leader with a job that ran: it hears who is there before it decides
 * anything, for members step on meanwhile. It ends when every member of the view that was found has
 * attached, in whatever incarnation, or after a bounded wait; {@link JobMachine#takenOver} goes on
 * from it. Confined to one thread.
 *
 * <pre>
 *  found ──► members attach ──► all there, or the wait is over ──► adopted: the view goes on
 *                                                              └──► a new epoch, and why
 * </pre>
 */
public final class Takeover {
    /**
     * An agent that attached.
     *
     * @param jobTimeNanos the last job time that it heard and its own elapsed time since; 0: none
     * @param atNanos when it said so
     */
    public record Present(
            AgentProfile agent,
            Inventory inventory,
            @Nullable Standing standing,
            long jobTimeNanos,
            long atNanos) {}

    /** Words kept for the machine; an agent that says more than that is told to come again. */
    private static final int MOST_HEARD = 1 << 20;

    private final JobSpec spec;
    private final FoundJob found;
    private final long beganNanos;
    private final JobLimits limits;
    private final long endNanos;
    private long lookedNanos;
    private long notBeforeNanos;

    /** Job time that agents told since they attached, less this leader's; the most of it. */
    private long told = Long.MIN_VALUE;

    /** By id: a later process of a name replaces the one before. */
    private final TreeMap<String, Present> present = new TreeMap<>();

    private final List<JobEvent> heard = new ArrayList<>();

    /** Members of the view found that did not attach yet, by id. */
    private final Set<String> awaited = new HashSet<>();

    public Takeover(JobSpec spec, FoundJob found, JobLimits limits, long nowNanos) {
        this.spec = spec;
        this.found = found;
        this.limits = limits;
        this.beganNanos = nowNanos;
        this.endNanos = nowNanos + limits.adoptNanos();
        this.lookedNanos = nowNanos;
        this.notBeforeNanos = nowNanos;
        View view = found.view();
        if (view != null) {
            view.members().forEach(member -> awaited.add(member.key().id()));
        }
    }

    /** An agent attached, or attached again. */
    public void attached(Present agent) {
        present.put(agent.agent().key().id(), agent);
        awaited.remove(agent.agent().key().id());
    }

    /** It is gone again. */
    public void lost(AgentKey agent) {
        present.computeIfPresent(
                agent.id(), (id, there) -> there.agent().key().equals(agent) ? null : there);
    }

    /** What an agent said of the job meanwhile: the machine is told when there is one. */
    public void heard(JobEvent event) {
        if (heard.size() < MOST_HEARD) {
            heard.add(event);
        }
    }

    /** When to look again at the latest. */
    public long deadlineNanos() {
        return Math.min(lookedNanos + limits.tickNanos(), Math.max(notBeforeNanos, endNanos));
    }

    /**
     * Nobody else has to be waited for. A leader that stood still first hears what was said
     * meanwhile: what came first may be long out of date.
     */
    public boolean isDue(long nowNanos) {
        if (nowNanos - lookedNanos >= 2 * limits.tickNanos()) {
            notBeforeNanos = nowNanos + 2 * limits.heartbeatNanos();
        }
        lookedNanos = nowNanos;
        boolean allThere = found.view() != null && awaited.isEmpty();
        return nowNanos >= notBeforeNanos && (allThere || nowNanos >= endNanos);
    }

    /** An agent that is here tells the job's time as it knows it now. */
    public void timeTold(AgentKey agent, long jobTimeNanos, long nowNanos) {
        Present there = of(agent);
        if (there != null && there.jobTimeNanos() > 0) {
            told = Math.max(told, jobTimeNanos - nowNanos);
        }
    }

    /** Members of the view found that did not attach yet. */
    public int missing() {
        return awaited.size();
    }

    /**
     * Job time now: the most that an agent knows of, and no less than what is on account. No two
     * machines' clocks are compared.
     */
    public long jobTimeNanos(long nowNanos) {
        long newest = found.account().jobTimeNanos();
        if (told > Long.MIN_VALUE) {
            newest = Math.max(newest, told + nowNanos);
        }
        for (Present agent : present.values()) {
            if (agent.jobTimeNanos() > 0) {
                newest = Math.max(newest, agent.jobTimeNanos() + nowNanos - agent.atNanos());
            }
        }
        return newest;
    }

    /** False: nobody who heard the job's time is there, so how long nobody led is not known. */
    public boolean isObserved() {
        return present.values().stream().anyMatch(agent -> agent.jobTimeNanos() > 0);
    }

    /** What the agents said meanwhile, in order. */
    public List<JobEvent> heard() {
        return List.copyOf(heard);
    }

    public JobSpec spec() {
        return spec;
    }

    public FoundJob found() {
        return found;
    }

    long beganNanos() {
        return beganNanos;
    }

    /** In the order of their keys. */
    Collection<Present> present() {
        return present.values();
    }

    @Nullable Present of(AgentKey key) {
        Present there = present.get(key.id());
        return there != null && there.agent().key().equals(key) ? there : null;
    }

    /** Why the view that was found cannot go on; empty: it does. */
    List<AdoptionObstacle> obstacles(long nowNanos) {
        return AdoptionRule.obstacles(found, spec.runtimeReduces(), present, nowNanos - beganNanos);
    }
}
