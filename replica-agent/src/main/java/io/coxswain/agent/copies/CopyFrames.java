package io.coxswain.agent.copies;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.coxswain.proto.replica.v1.CopyChunk;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.CopyVerdict;
import io.coxswain.proto.replica.v1.FetchRefused;
import io.coxswain.proto.replica.v1.FrameHeader;

/** The headers that copies need. */
final class CopyFrames {
    /** How a reason begins that makes another attempt pointless. */
    static final String REFUSED = "refused: ";

    /** A slot table longer than this travels as a payload: a header takes 64 KiB. */
    static final int TABLE_IN_HEADER_BYTES = 32 << 10;

    private CopyFrames() {}

    static io.coxswain.proto.control.v1.StateName encode(StateName state) {
        return io.coxswain.proto.control.v1.StateName.newBuilder()
                .setJobId(state.jobId())
                .setEpoch(state.epoch())
                .setStep(state.step())
                .setShard(state.shard())
                .build();
    }

    static StateName decode(io.coxswain.proto.control.v1.StateName state) {
        return new StateName(state.getJobId(), state.getEpoch(), state.getStep(), state.getShard());
    }

    private static FrameHeader.Builder header(StateName state) {
        return FrameHeader.newBuilder().setJobId(state.jobId()).setEpoch(state.epoch());
    }

    /**
     * What the sender of a push says with it.
     *
     * @throws IllegalArgumentException if it is not a push
     */
    static CopyTerms terms(CopyBegin begin) {
        return new CopyTerms(
                begin.getViewEpoch(),
                begin.getFloor(),
                begin.getNeededStepsList(),
                begin.getPlacementVersion());
    }

    static FrameHeader begin(StateName state, CopyBegin.Builder begin) {
        return header(state).setCopyBegin(begin.setState(encode(state))).build();
    }

    static FrameHeader chunk(StateName state, long transfer, long offset, int crc) {
        return header(state)
                .setCopyChunk(
                        CopyChunk.newBuilder()
                                .setTransferId(transfer)
                                .setOffset(offset)
                                .setCrc32C(crc))
                .build();
    }

    static FrameHeader end(StateName state, long transfer, byte[] digest) {
        return header(state)
                .setCopyEnd(
                        CopyEnd.newBuilder()
                                .setTransferId(transfer)
                                .setDigest(ByteString.copyFrom(digest)))
                .build();
    }

    static FrameHeader verdict(StateName state, long transfer, String reason) {
        return header(state)
                .setCopyVerdict(
                        CopyVerdict.newBuilder()
                                .setTransferId(transfer)
                                .setState(encode(state))
                                .setVerified(reason.isEmpty())
                                .setReason(reason))
                .build();
    }

    static FrameHeader fetch(FetchRequest request, long transfer) {
        return header(request.state())
                .setFetchRequest(
                        io.coxswain.proto.replica.v1.FetchRequest.newBuilder()
                                .setTransferId(transfer)
                                .setState(encode(request.state()))
                                .setDigest(ByteString.copyFrom(request.digest().bytes())))
                .build();
    }

    static FrameHeader refused(StateName state, long transfer, String reason) {
        return header(state)
                .setFetchRefused(
                        FetchRefused.newBuilder().setTransferId(transfer).setReason(reason))
                .build();
    }
}
