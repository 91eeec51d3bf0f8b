package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.proto.control.v1.GrantSteps;
import io.coxswain.proto.control.v1.StartView;
import io.coxswain.proto.control.v1.StepsHeld;

import java.util.List;

/** How far steps may go, from messages and back. Stateless. */
final class GrantCodec {
    private GrantCodec() {}

    static AgentEvent.ViewStarted started(long term, StartView start) {
        return new AgentEvent.ViewStarted(
                term,
                start.getJobId(),
                start.getEpoch(),
                start.getThrough(),
                floors(start.getFloorsList()),
                interval(start.getInterval()),
                start.getHold());
    }

    static AgentEvent.StepsGranted granted(long term, GrantSteps grant) {
        return new AgentEvent.StepsGranted(
                term,
                grant.getJobId(),
                grant.getEpoch(),
                grant.getThrough(),
                floors(grant.getFloorsList()),
                interval(grant.getInterval()),
                grant.getHold());
    }

    static StepsHeld message(AgentReport.StepsHeld held) {
        return StepsHeld.newBuilder()
                .setJobId(held.jobId())
                .setEpoch(held.epoch())
                .setStep(held.step())
                .build();
    }

    private static SnapshotInterval interval(
            io.coxswain.proto.control.v1.SnapshotInterval interval) {
        return new SnapshotInterval(interval.getAfter(), interval.getEvery());
    }

    private static List<GrantedFloor> floors(
            List<io.coxswain.proto.control.v1.GrantedFloor> granted) {
        return granted.stream().map(f -> new GrantedFloor(f.getThrough(), f.getFloor())).toList();
    }
}
