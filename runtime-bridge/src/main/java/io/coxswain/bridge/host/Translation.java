package io.coxswain.bridge.host;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.LeafDigest;
import io.coxswain.bridge.spi.LineageSegment;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PlanOperation;
import io.coxswain.proto.control.v1.StateLayout;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Between the protocol's messages and the SPI's types. */
final class Translation {
    private static final int MOST_TRACEBACK_BYTES = 16 << 10;

    private Translation() {}

    static TrainingJob job(JobSpec spec) throws RuntimeFault {
        try {
            return new TrainingJob(
                    spec.getJobId(),
                    spec.getReplicas(),
                    spec.getShards(),
                    spec.getSteps(),
                    spec.getSeed(),
                    spec.getData(),
                    spec.getBatch(),
                    spec.getMicroshards(),
                    spec.getRuntimeJson());
        } catch (IllegalArgumentException e) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_REQUEST, String.valueOf(e.getMessage()), e);
        }
    }

    static JobLoaded jobLoaded(RuntimeLayout layout, long loadNanos, long compileNanos) {
        StateLayout.Builder state =
                StateLayout.newBuilder()
                        .setParameterElements(layout.parameterElements())
                        .setFingerprint(layout.fingerprint())
                        .setDeterministic(layout.deterministic())
                        .addShardBegin(0);
        JobLoaded.Builder loaded = JobLoaded.newBuilder();
        for (RuntimeLayout.Shard shard : layout.shards()) {
            state.addShardBegin(shard.end())
                    .addShardStateBytes(shard.stateBytes())
                    .addShardRegionBytes(shard.regionBytes());
            loaded.addShardLiveBytes(shard.liveBytes()).addShardPieces(shard.pieces());
        }
        return loaded.setLayout(state)
                .setLoadNanos(loadNanos)
                .setCompileNanos(compileNanos)
                .build();
    }

    /** The rank's microshards: as the plan says, else the rank's even part of all. */
    static int[] microshards(PrepareView view, TrainingJob job) throws RuntimeFault {
        long ranks = (long) view.getReplicas() * view.getShards();
        int from = (int) ((long) view.getRank() * job.microshards() / ranks);
        int to = (int) ((view.getRank() + 1L) * job.microshards() / ranks);
        for (PlanOperation operation : view.getPlan().getOperationsList()) {
            if (operation.getKind() == OperationKind.OPERATION_KIND_EXECUTE) {
                from = operation.getMicroshardFrom();
                to = operation.getMicroshardTo();
            }
        }
        if (from < 0 || to < from || to > job.microshards()) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_REQUEST,
                    "the plan gives rank %d the microshards %d to %d; the job has %d"
                            .formatted(view.getRank(), from, to, job.microshards()));
        }
        return new int[] {from, to};
    }

    static List<LineageSegment> lineage(Finish finish) {
        List<LineageSegment> lineage = new ArrayList<>();
        for (var segment : finish.getLineageList()) {
            lineage.add(
                    new LineageSegment(
                            segment.getEpoch(), segment.getFirstStep(), segment.getLastStep()));
        }
        return lineage;
    }

    static Finished finished(FinalReport report) {
        Finished.Builder finished = Finished.newBuilder();
        for (LeafDigest leaf : report.leaves()) {
            finished.addLeaves(
                    io.coxswain.proto.control.v1.LeafDigest.newBuilder()
                            .setLeaf(leaf.leaf())
                            .setLeafIndex(leaf.leafIndex())
                            .setLeafHeader(ByteString.copyFrom(leaf.header()))
                            .setLeafBlocks(leaf.leafBlocks())
                            .setFirstBlock(leaf.firstBlock())
                            .setBlockDigests(ByteString.copyFrom(leaf.blockDigests())));
        }
        FinalReport.Evaluation evaluation = report.evaluation();
        if (evaluation != null) {
            finished.setHeldOutLoss(evaluation.heldOutLoss())
                    .setAccuracy(evaluation.accuracy())
                    .setSamplesSeen(evaluation.samplesSeen())
                    .addAllSamplesDistinctPerPass(evaluation.samplesDistinctPerPass());
        }
        return finished.build();
    }

    static Fault fault(RuntimeFault fault) {
        return Fault.newBuilder()
                .setCode(fault.code().name().toLowerCase(Locale.ROOT))
                .setMessage(String.valueOf(fault.getMessage()))
                .build();
    }

    /** The exception with its stack and causes; if that is long, its begin, as Java prints it. */
    static String traceback(Throwable error) {
        var text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        // Characters are three bytes at most here: two surrogates are four bytes together.
        return text.getBuffer()
                .substring(0, Math.min(text.getBuffer().length(), MOST_TRACEBACK_BYTES / 3));
    }
}
