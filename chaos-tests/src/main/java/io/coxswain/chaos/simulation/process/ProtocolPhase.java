package io.coxswain.chaos.simulation.process;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/** Where the protocol stands, as a coordinator's effects show it. */
public enum ProtocolPhase {
    STANDBY,
    WAITING,
    FENCING,
    PERSISTING,
    RESTORING,
    ACTIVATING,
    STEPPING,
    FINISHING,
    RECORDING;

    ProtocolPhase after(CoordinatorEvent event) {
        return switch (event) {
            case CoordinatorEvent.LeadershipGained _, CoordinatorEvent.JobFinished _ -> WAITING;
            case CoordinatorEvent.LeadershipLost _ -> STANDBY;
            case CoordinatorEvent.JobTakenOver taken -> taken.adopted() ? this : FENCING;
            case CoordinatorEvent.JobWaiting _ -> this == FENCING ? WAITING : this;
            case CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.StepsCompleted _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.IncidentClosed _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.Gap _ ->
                    this;
        };
    }
}
