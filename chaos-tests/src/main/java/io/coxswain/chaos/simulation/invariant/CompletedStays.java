package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

import java.util.HashMap;
import java.util.Map;

/** The completed step never goes back except by a recorded, visible rollback. */
public final class CompletedStays implements Invariant {
    private final Map<String, Long> completed = new HashMap<>();

    @Override
    public String name() {
        return "I4 completed stays";
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        String key = coordinator + "/" + job.spec.jobId();
        long before = completed.getOrDefault(key, 0L);
        long now;
        switch (event) {
            case CoordinatorEvent.StepsCompleted steps -> now = steps.step();
            case CoordinatorEvent.ViewActivated view -> now = view.baseStep();
            case CoordinatorEvent.RolledBack back -> {
                if (back.fromStep() != before || back.toStep() >= before) {
                    throw new InvariantViolated(
                            name(), "completed step " + before + " was rolled back by " + back);
                }
                completed.put(key, back.toStep());
                return;
            }
            case CoordinatorEvent.JobTakenOver taken -> {
                // What is on account may be a little older than what was told last.
                completed.put(key, taken.completedStep());
                return;
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
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.IncidentClosed _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.Gap _ -> {
                return;
            }
        }
        if (now < before) {
            throw new InvariantViolated(
                    name(),
                    "step " + before + " was completed, then without a rollback came " + event);
        }
        completed.put(key, now);
    }
}
