package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** What is counted on the way, and in the end put together. */
final class Tally {
    private final TreeMap<String, Long> failures = new TreeMap<>();
    private final List<Outcome.Shortage> shortages = new ArrayList<>();
    private long interruptions;
    private long stateLosses;
    private long stepsLost;
    private int leastIdle;
    private long shortSince = -1;
    private int shortBy;
    private String survives = "";
    private @Nullable Survival survival;
    private Outcome.Phases phases = Outcome.Phases.NONE;

    Tally(int spares) {
        leastIdle = spares;
    }

    void failure(String component) {
        failures.merge(component, 1L, Long::sum);
    }

    void interrupted() {
        interruptions++;
    }

    void stateLost(long steps) {
        stateLosses++;
        stepsLost += steps;
    }

    void idle(int spares) {
        leastIdle = Math.min(leastIdle, spares);
    }

    private void shortOf(int machines, long nowNanos) {
        if (shortSince < 0) {
            shortSince = nowNanos;
        }
        shortBy = Math.max(shortBy, machines);
    }

    /** The job goes on, or the run ends. */
    void enough(long nowNanos) {
        if (shortSince >= 0) {
            shortages.add(new Outcome.Shortage(shortSince, nowNanos, shortBy));
            shortSince = -1;
            shortBy = 0;
        }
    }

    boolean knowsSurvival() {
        return survival != null;
    }

    void survival(Survival counted) {
        survival = counted;
    }

    private void closed(CoordinatorEvent.IncidentClosed closed) {
        Incident.Phases spent = closed.incident().phases();
        phases =
                new Outcome.Phases(
                        phases.incidents() + 1,
                        phases.detect() + spent.detect(),
                        phases.fence() + spent.fence(),
                        phases.decide() + spent.decide(),
                        phases.restore() + spent.restore(),
                        phases.resume() + spent.resume());
        stepsLost += closed.incident().stepsLost();
    }

    private void placed(CoordinatorEvent.PlacementChanged changed) {
        if (survives.isEmpty()) {
            survives = changed.survives();
        }
    }

    /**
     * What the coordinator published.
     *
     * @param began the job ran before: machines that are missing now are a shortage
     */
    void heard(CoordinatorEvent event, boolean began, long nowNanos) {
        switch (event) {
            case CoordinatorEvent.IncidentClosed closed -> closed(closed);
            case CoordinatorEvent.PlacementChanged changed -> placed(changed);
            case CoordinatorEvent.CapacityNeeded needed -> {
                if (began) {
                    shortOf(needed.slots(), nowNanos);
                }
            }
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.StepsCompleted _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.Gap _ -> {}
        }
    }

    Outcome outcome(Conditions conditions, Account account, long every) {
        return new Outcome(
                "copies",
                conditions.ranks(),
                conditions.durationNanos(),
                account.totalNanos(),
                account.totals(),
                interruptions,
                failures,
                stepsLost,
                stateLosses,
                shortages,
                leastIdle,
                survives,
                survival == null ? Survival.UNKNOWN : survival,
                phases,
                every,
                account.timeline());
    }
}
