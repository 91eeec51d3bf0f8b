package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.HaltSteps;

/** The words by which an agent is drained. Stateless. */
final class DrainCodec {
    private DrainCodec() {}

    static AgentEvent event(long term, CoordinatorMessage message) {
        if (message.hasMayEnd()) {
            return new AgentEvent.LeaveGranted(term);
        }
        HaltSteps halt = message.getHaltSteps();
        return new AgentEvent.HaltOrdered(
                term,
                halt.getJobId(),
                halt.getEpoch(),
                halt.getNumber(),
                halt.getAfter(),
                halt.getHold());
    }

    static void put(AgentReport.StepsHalted halted, AgentMessage.Builder message) {
        message.getStepsHaltedBuilder()
                .setJobId(halted.jobId())
                .setEpoch(halted.epoch())
                .setNumber(halted.number())
                .setThrough(halted.through())
                .setHeld(halted.held());
    }

    static void put(AgentReport.Notice notice, AgentMessage.Builder message) {
        message.getNoticeBuilder().setReason(notice.reason()).setLeftNanos(notice.leftNanos());
    }
}
