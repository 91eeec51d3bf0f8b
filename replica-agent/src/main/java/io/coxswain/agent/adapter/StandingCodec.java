package io.coxswain.agent.adapter;

import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.Standing;

/** What an agent may do in its view, as a message. Stateless. */
final class StandingCodec {
    private StandingCodec() {}

    static io.coxswain.proto.control.v1.Standing message(Standing standing) {
        var message =
                io.coxswain.proto.control.v1.Standing.newBuilder()
                        .setEpoch(standing.epoch())
                        .setRank(standing.rank())
                        .setStarted(standing.started())
                        .setThrough(standing.through())
                        .setReportEvery(standing.reportEvery())
                        .setSinceNanos(standing.sinceNanos())
                        .setIdle(standing.idle())
                        .setLeft(standing.left())
                        .setSnapshotEvery(standing.snapshotEvery());
        if (standing.interval().isChange()) {
            message.getIntervalBuilder()
                    .setAfter(standing.interval().after())
                    .setEvery(standing.interval().every());
        }
        for (GrantedFloor floor : standing.floors()) {
            message.addFloors(
                    io.coxswain.proto.control.v1.GrantedFloor.newBuilder()
                            .setThrough(floor.through())
                            .setFloor(floor.floor()));
        }
        return message.build();
    }
}
