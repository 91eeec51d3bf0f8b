package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import java.util.TreeMap;

/** What is counted on the way, and in the end put together. */
final class Tally {
    private final TreeMap<String, Long> failures = new TreeMap<>();
    private final Shortages shortages;
    private long interruptions;
    private long stateLosses;
    private long stepsLost;
    private int leastIdle;
    private String survives = "";
    private @Nullable Survival survival;
    private Outcome.Phases phases = Outcome.Phases.NONE;

    Tally(Conditions conditions) {
        leastIdle = conditions.spares();
        shortages = new Shortages(conditions.leastShrink());
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

    /**
     * A machine went or came.
     *
     * @param spares that are up beyond the ranks; negative: that many ranks have no machine
     */
    void idle(int spares, long nowNanos) {
        leastIdle = Math.min(leastIdle, spares);
        shortages.missing(-spares, nowNanos);
    }

    /** The job goes on, or the run ends. */
    void enough(long nowNanos) {
        shortages.end(nowNanos);
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
            survives = Survival.inWords(changed.survives());
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
            case CoordinatorEvent.CapacityNeeded _ -> {
                if (began) {
                    shortages.begin(nowNanos);
                }
            }
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobTakenOver _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.StepsCompleted _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
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
                shortages.over(),
                leastIdle,
                survives,
                survival == null ? Survival.UNKNOWN : survival,
                phases,
                every,
                account.timeline());
    }
}
