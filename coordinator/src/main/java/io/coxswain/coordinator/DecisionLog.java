package io.coxswain.coordinator;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What was decided and why, a line each, with the ids to look it up by. Steps are told at debug
 * only: they would fill the log.
 */
final class DecisionLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.coxswain.coordinator.decisions");

    private DecisionLog() {}

    static void log(SequencedEvent event) {
        Level level = level(event.event());
        if (LOG.isEnabledForLevel(level)) {
            LOG.atLevel(level).log("{}{}", EventText.of(event.event()), ids(event));
        }
    }

    private static String ids(SequencedEvent event) {
        var ids = new StringBuilder(" [event ").append(event.sequence());
        ids.append(", term ").append(event.term());
        if (!event.jobId().isEmpty()) {
            ids.append(", job ").append(event.jobId());
            ids.append(", epoch ").append(event.epoch()).append(", step ").append(event.step());
        }
        int incident = EventText.incident(event.event());
        if (incident > 0) {
            ids.append(", incident ").append(incident);
        }
        return ids.append(']').toString();
    }

    private static Level level(CoordinatorEvent event) {
        return switch (event) {
            case CoordinatorEvent.StepsCompleted _, CoordinatorEvent.MetricsReported _ ->
                    Level.DEBUG;
            case CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.Gap _ ->
                    Level.WARN;
            case CoordinatorEvent.JobFinished finished ->
                    finished.completed() ? Level.INFO : Level.WARN;
            case CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobTakenOver _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.IncidentClosed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.RolledBack _ ->
                    Level.INFO;
        };
    }
}
