package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A protected step survives any loss of fewer domains than it has copies: nobody gives up what is
 * at the floor, the floor is where the copies really are, and no job goes back behind it for fewer
 * losses.
 */
public final class ProtectedSurvives implements Invariant {
    private @Nullable Cluster cluster;

    @Override
    public String name() {
        return "I3 protected survives";
    }

    @Override
    public void afterEvent(Cluster now) {
        cluster = now;
    }

    @Override
    public void freed(JobHistory job, AgentView agent, Arena.Cell cell) {
        StateName name = cell.name();
        if (name == null
                || job.over
                || agent.isEndingJob()
                // Nobody who answered the fence had heard of it; see floorTold.
                || agent.knownFloor() < job.floor
                || !cell.isIntact()
                || !job.trusts(Facts.name(name))) {
            return;
        }
        if (name.step() == job.floor && job.floor > 0 && instances(job, name, agent) == 0) {
            throw new InvariantViolated(
                    name(), agent.name() + " frees " + name + ", and the floor is " + job.floor);
        }
    }

    @Override
    public void floorTold(JobHistory job, View view, long floor) {
        Cluster now = cluster;
        if (now == null) {
            return;
        }
        for (AgentView agent : now.agents()) {
            long known = agent.knownFloor();
            if (agent.promisedEpoch() == view.epoch()
                    && !agent.isOrdered()
                    && view.rankOf(agent.profile().key()) >= 0
                    && known <= view.baseStep()
                    && known > floor
                    && shows(job, agent, known)) {
                throw new InvariantViolated(
                        name(),
                        "the order of epoch "
                                + view.epoch()
                                + " tells of floor "
                                + floor
                                + ", but "
                                + agent.name()
                                + " told of "
                                + known);
            }
        }
    }

    /** It has a state of the completed history there. */
    private static boolean shows(JobHistory job, AgentView agent, long step) {
        for (Arena.File file : agent.arena().files().values()) {
            for (Arena.Cell cell : file.cells()) {
                StateName name = cell.name();
                if (name != null
                        && cell.isIntact()
                        && name.step() == step
                        && name.jobId().equals(job.spec.jobId())
                        && job.trusts(Facts.name(name))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Other cells of that agent with the same state. */
    private static int instances(JobHistory job, StateName name, AgentView agent) {
        int count = 0;
        for (Arena.File file : agent.arena().files().values()) {
            for (Arena.Cell cell : file.cells()) {
                if (is(job, cell, name.step(), name.shard())) {
                    count++;
                }
            }
        }
        // The one that is being freed is still there.
        return count - 1;
    }

    private static boolean is(JobHistory job, Arena.Cell cell, long step, int shard) {
        StateName name = cell.name();
        return name != null
                && cell.isIntact()
                && name.step() == step
                && name.shard() == shard
                && name.jobId().equals(job.spec.jobId());
    }

    @Override
    public void reduced(
            JobHistory job, ViewHistory view, int rank, long step, List<Part> parts, long floor) {
        risen(job, view, "at step " + step, step, floor);
    }

    @Override
    public void floorGranted(JobHistory job, ViewHistory view, long floor) {
        risen(job, view, "with a grant", floor, floor);
    }

    private void risen(JobHistory job, ViewHistory view, String when, long step, long floor) {
        Cluster now = cluster;
        if (floor <= job.floor
                || now == null
                || job.deficit
                || step < job.heardFromStep
                || !job.hurtSinceFloor.isEmpty()) {
            return;
        }
        int level = job.spec.protectLevel();
        for (int shard = 0; shard < view.view.mesh().shards(); shard++) {
            var domains = new ArrayList<FailureDomain>();
            for (AgentView agent : now.agents()) {
                if (holds(job, agent, floor, shard) && independent(domains, agent, level)) {
                    domains.add(agent.profile().domain());
                }
            }
            if (domains.size() < job.spec.protectCopies() + 1) {
                throw new InvariantViolated(
                        name(),
                        "the floor rises to "
                                + floor
                                + " "
                                + when
                                + ", but shard "
                                + shard
                                + " has it in "
                                + domains
                                + " only");
            }
        }
    }

    private static boolean holds(JobHistory job, AgentView agent, long step, int shard) {
        for (Arena.File file : agent.arena().files().values()) {
            for (Arena.Cell cell : file.cells()) {
                if (is(job, cell, step, shard)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean independent(List<FailureDomain> domains, AgentView agent, int level) {
        for (FailureDomain domain : domains) {
            if (!domain.independentOf(agent.profile().domain(), level)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        boolean behind =
                switch (event) {
                    case CoordinatorEvent.RolledBack back -> back.toStep() < job.floorBefore;
                    case CoordinatorEvent.JobFinished finished ->
                            !finished.completed() && finished.reason().contains("state is lost");
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
                            CoordinatorEvent.CapacityNeeded _,
                            CoordinatorEvent.JobWaiting _,
                            CoordinatorEvent.ViewActivated _,
                            CoordinatorEvent.StepsCompleted _,
                            CoordinatorEvent.PlacementChanged _,
                            CoordinatorEvent.SnapshotIntervalChosen _,
                            CoordinatorEvent.IncidentProgressed _,
                            CoordinatorEvent.IncidentClosed _,
                            CoordinatorEvent.MetricsReported _,
                            CoordinatorEvent.ExportFailed _,
                            CoordinatorEvent.EvidenceTaken _,
                            CoordinatorEvent.Gap _ ->
                            false;
                };
        if (behind
                && !job.formerLeaderSpeaks
                && !job.deficitAtFloor
                && job.hurtSinceFloor.size() <= job.spec.protectCopies()) {
            throw new InvariantViolated(
                    name(),
                    "hosts "
                            + job.hurtSinceFloor
                            + " had faults since step "
                            + job.floorBefore
                            + " was protected by "
                            + job.spec.protectCopies()
                            + " copies, and yet "
                            + event);
        }
    }
}
