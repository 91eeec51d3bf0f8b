package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.proto.admin.v1.AgentMaintenance;
import io.coxswain.proto.admin.v1.HealthReport;
import io.coxswain.proto.admin.v1.MaintenanceResponse;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.HaltSteps;
import io.coxswain.proto.control.v1.MayEnd;

import org.jspecify.annotations.Nullable;

/** Planned work in messages. Stateless. */
final class MaintenanceCodec {
    private static final int MOST_REASON = 2_000;

    private MaintenanceCodec() {}

    /** Of a message that has one of the two. */
    static AgentWord word(AgentKey agent, AgentMessage message) {
        if (message.hasNotice()) {
            var notice = message.getNotice();
            String reason = notice.getReason();
            return new AgentWord.Noticed(
                    reason.length() > MOST_REASON ? reason.substring(0, MOST_REASON) : reason,
                    Math.max(0, notice.getLeftNanos()));
        }
        var halted = message.getStepsHalted();
        return new AgentWord.ForJob(
                halted.getJobId(),
                new JobEvent.StepsHaltedReported(
                        agent,
                        halted.getEpoch(),
                        halted.getNumber(),
                        halted.getThrough(),
                        halted.getHeld()));
    }

    static CoordinatorMessage halt(long term, String jobId, JobEffect.SendHalt halt) {
        return CoordinatorMessage.newBuilder()
                .setTerm(term)
                .setHaltSteps(
                        HaltSteps.newBuilder()
                                .setJobId(jobId)
                                .setEpoch(halt.epoch())
                                .setNumber(halt.number())
                                .setAfter(halt.after())
                                .setHold(halt.hold()))
                .build();
    }

    static CoordinatorMessage mayEnd(long term) {
        return CoordinatorMessage.newBuilder()
                .setTerm(term)
                .setMayEnd(MayEnd.getDefaultInstance())
                .build();
    }

    /** What a monitor says; null: it is none that this version knows. */
    static @Nullable Word health(HealthReport report) {
        return switch (report.getState()) {
            case STATE_OK -> new Word.Healthy(report.getAgentId());
            case STATE_FAILING -> new Word.Failing(report.getAgentId(), report.getReason());
            case STATE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    static MaintenanceResponse response(MaintenanceOutcome outcome) {
        return switch (outcome) {
            case MaintenanceOutcome.Accepted accepted ->
                    MaintenanceResponse.newBuilder()
                            .setAccepted(true)
                            .setReason(accepted.agent().detail())
                            .setAgent(encode(accepted.agent()))
                            .build();
            case MaintenanceOutcome.Refused(String reason) ->
                    MaintenanceResponse.newBuilder().setReason(reason).build();
        };
    }

    static AgentMaintenance encode(CoordinatorStatus.Maintenance agent) {
        return AgentMaintenance.newBuilder()
                .setAgentId(agent.agentId())
                .setState(agent.state().key())
                .addAllCauses(agent.causes())
                .setReason(agent.reason())
                .setDetail(agent.detail())
                .setAttached(agent.attached())
                .setRank(agent.rank())
                .build();
    }
}
