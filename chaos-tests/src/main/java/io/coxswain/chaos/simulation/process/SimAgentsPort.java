package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.coordinator.adapter.grpc.KeyValueCodec;
import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;

/** The way to the agents: words over simulated streams. */
final class SimAgentsPort implements AgentsPort {
    private final SimCoordinator coordinator;
    private final Facts facts;

    SimAgentsPort(SimCoordinator coordinator, Facts facts) {
        this.coordinator = coordinator;
        this.facts = facts;
    }

    private void tell(long stream, AgentEvent event) {
        coordinator.called();
        ControlStream open = coordinator.stream(stream);
        if (open != null) {
            open.tell(event);
        }
    }

    @Override
    public void welcome(long stream, long term, long heartbeatNanos, long leaseNanos) {
        tell(stream, new AgentEvent.Welcomed(term, heartbeatNanos, leaseNanos));
    }

    @Override
    public void reject(long stream, long term, String reason, boolean retry) {
        tell(stream, new AgentEvent.AttachRejected(term, reason));
        coordinator.closeStream(stream, reason);
    }

    @Override
    public void heartbeatReply(long stream, long term, long sequence, long jobTimeNanos) {
        tell(stream, new AgentEvent.HeartbeatAnswered(term, sequence, jobTimeNanos));
    }

    @Override
    public void offerJob(long stream, long term, JobSpec job) {
        tell(stream, new AgentEvent.JobOffered(term, Wire.job(job)));
    }

    @Override
    public void fence(long stream, long term, String jobId, JobEffect.SendFence fence) {
        coordinator.phase(
                coordinator.phase() == ProtocolPhase.STEPPING
                                || coordinator.phase().compareTo(ProtocolPhase.PERSISTING) >= 0
                        ? ProtocolPhase.FENCING
                        : coordinator.phase());
        tell(stream, new AgentEvent.Fenced(term, jobId, fence.epoch()));
    }

    @Override
    public void prepareView(
            long stream, long term, String jobId, JobEffect.SendPrepareView prepare) {
        coordinator.phase(ProtocolPhase.RESTORING);
        facts.prepareSent(
                jobId,
                prepare.view(),
                prepare.placement(),
                recorded(jobId, prepare.view().epoch(), ViewState.PREPARING));
        facts.floorTold(coordinator.name(), jobId, prepare.view(), prepare.floor());
        tell(stream, Wire.prepare(term, jobId, prepare));
    }

    private boolean recorded(String jobId, long epoch, ViewState least) {
        Tree.Node node = coordinator.tree().read(Paths.record(jobId, StoreRecord.Kind.VIEW));
        if (node == null) {
            // A leader of the past, who was paused, may be told that it is durable after the job
            // ended under another one and was forgotten.
            JobHistory job = facts.job(jobId);
            return job != null
                    && job.over()
                    && job.wasRecorded(epoch, least != ViewState.PREPARING);
        }
        return node.data() instanceof StoreRecord.ViewRecord record
                && (record.view().epoch() > epoch
                        || (record.view().epoch() == epoch
                                && record.state().compareTo(least) >= 0));
    }

    @Override
    public void startView(long stream, long term, String jobId, JobEffect.SendStartView start) {
        coordinator.phase(ProtocolPhase.STEPPING);
        facts.startSent(
                jobId,
                start.epoch(),
                start.through(),
                recorded(jobId, start.epoch(), ViewState.ACTIVE));
        facts.floorsGranted(coordinator.name(), jobId, start.epoch(), start.floors());
        tell(
                stream,
                new AgentEvent.ViewStarted(
                        term,
                        jobId,
                        start.epoch(),
                        start.through(),
                        Wire.floors(start.floors()),
                        Wire.interval(start.interval()),
                        start.hold()));
    }

    @Override
    public void grant(long stream, long term, String jobId, JobEffect.SendGrant grant) {
        facts.grantSent(jobId, grant.epoch(), grant.through());
        facts.floorsGranted(coordinator.name(), jobId, grant.epoch(), grant.floors());
        tell(
                stream,
                new AgentEvent.StepsGranted(
                        term,
                        jobId,
                        grant.epoch(),
                        grant.through(),
                        Wire.floors(grant.floors()),
                        Wire.interval(grant.interval()),
                        grant.hold()));
    }

    @Override
    public void placement(long stream, long term, String jobId, JobEffect.SendPlacement placement) {
        facts.placementSent(jobId, placement.placement());
        tell(
                stream,
                new AgentEvent.PlacementInstalled(
                        term,
                        Wire.placement(jobId, placement.placement(), placement.effectiveStep())));
    }

    @Override
    public void halt(long stream, long term, String jobId, JobEffect.SendHalt halt) {
        tell(
                stream,
                new AgentEvent.HaltOrdered(
                        term, jobId, halt.epoch(), halt.number(), halt.after(), halt.hold()));
    }

    @Override
    public void mayEnd(long stream, long term) {
        tell(stream, new AgentEvent.LeaveGranted(term));
    }

    @Override
    public void collectFinal(
            long stream, long term, String jobId, JobEffect.SendCollectFinal collect) {
        coordinator.phase(ProtocolPhase.FINISHING);
        tell(stream, Wire.collect(term, jobId, collect));
    }

    @Override
    public void endJob(long stream, long term, String jobId, String reason) {
        tell(stream, new AgentEvent.JobEnded(term, jobId, reason));
    }

    @Override
    public void acknowledge(
            long stream, long term, String jobId, JobEffect.SendAcknowledge acknowledge) {
        tell(
                stream,
                new AgentEvent.ProgressAcknowledged(
                        term, jobId, acknowledge.epoch(), acknowledge.step()));
    }

    @Override
    public void keyValue(long stream, long term, String jobId, long id, KeyValueResult result) {
        tell(
                stream,
                new AgentEvent.KeyValueAnswered(
                        term,
                        jobId,
                        id,
                        KeyValueReply.of(KeyValueCodec.result(result).toByteArray())));
    }

    @Override
    public void ask(long stream, long term, long number, AgentQuestion question) {
        // Operators ask; there are none here.
        coordinator.called();
    }

    @Override
    public void close(long stream, String reason) {
        coordinator.called();
        coordinator.closeStream(stream, reason);
    }

    @Override
    public void dial(AgentProfile agent, long dial) {
        coordinator.called();
        coordinator.dial(agent, dial);
    }
}
