package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.ProtocolVersion;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PlanOperation;
import io.coxswain.proto.control.v1.PrepareView;
import io.coxswain.proto.control.v1.Restore;
import io.coxswain.proto.control.v1.RestoreAction;

import java.util.Objects;

/**
 * What agents and leaders of different versions say to each other, and what this one cannot do of a
 * newer leader's orders. Stateless.
 */
final class VersionWords {
    /** Of this software; empty: it is not packaged. */
    private static final String RELEASE =
            Objects.requireNonNullElse(
                    VersionWords.class.getPackage().getImplementationVersion(), "");

    private VersionWords() {}

    /** What it speaks, in its first message. */
    static Attach.Builder introduce(Attach.Builder attach) {
        return attach.setProtocolMajor(ProtocolVersion.CONTROL.major())
                .setProtocolMinor(ProtocolVersion.CONTROL.minor())
                .setDataMajor(ProtocolVersion.DATA.major())
                .setDataMinor(ProtocolVersion.DATA.minor())
                .setRelease(RELEASE);
    }

    /** What its action says is of no interest to a donor. */
    static Restore donation(Restore donation) {
        return donation.toBuilder().setAction(RestoreAction.RESTORE_ACTION_FETCH).build();
    }

    /** What the leader is told of an order that was not understood. */
    static AgentMessage notUnderstood(OrderNotUnderstood order, AgentProfile profile, long term) {
        return ControlCodec.message(
                new AgentReport.ViewFailed(
                        order.jobId(),
                        order.epoch(),
                        String.valueOf(order.getMessage()),
                        false,
                        null,
                        null),
                profile,
                term);
    }

    /**
     * A view can be prepared as a whole or not at all.
     *
     * @throws OrderNotUnderstood if part of the order is unknown
     */
    static void refuse(PrepareView order) {
        if (!order.getHasRank()) {
            return;
        }
        if (order.getRestore().getAction() == RestoreAction.UNRECOGNIZED) {
            throw unknown(order, "restore in way " + order.getRestore().getActionValue());
        }
        for (PlanOperation operation : order.getPlan().getOperationsList()) {
            if (operation.getKind() == OperationKind.UNRECOGNIZED) {
                throw unknown(order, "do operation " + operation.getKindValue() + " in each step");
            }
        }
    }

    private static OrderNotUnderstood unknown(PrepareView order, String what) {
        return new OrderNotUnderstood(
                order.getView().getJobId(),
                order.getView().getEpoch(),
                "the leader asks to " + what + ", which is unknown here");
    }
}
