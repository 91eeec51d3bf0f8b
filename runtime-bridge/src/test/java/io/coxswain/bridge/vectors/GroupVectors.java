package io.coxswain.bridge.vectors;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LocalPart;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Refused;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;

import java.util.List;

/** What is said where several processes are one worker, or somebody else starts them. */
final class GroupVectors {
    private GroupVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        all.add(
                new MessageVectors.Vector(
                        "hello, local rank",
                        "the second of two processes, started for a job",
                        FromWorker.newBuilder()
                                .setHello(
                                        Hello.newBuilder()
                                                .setProtocolMajor(1)
                                                .setRuntimeKind("process")
                                                .setPid(4711)
                                                .setToken("secret")
                                                .setLocalRank(1)
                                                .setLocalSize(2)
                                                .setJobId("digits-1"))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "refused",
                        "in place of welcome",
                        ToWorker.newBuilder()
                                .setRefused(Refused.newBuilder().setReason("local rank 1 is taken"))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "job_loaded, shares rank",
                        "it can be one of several",
                        FromWorker.newBuilder()
                                .setRequestId(1)
                                .setJobLoaded(
                                        JobLoaded.newBuilder().setReforms(true).setSharesRank(true))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "prepare_view, local",
                        "the second of two processes of rank 3",
                        ToWorker.newBuilder()
                                .setRequestId(2)
                                .setPrepareView(
                                        PrepareView.newBuilder()
                                                .setEpoch(5)
                                                .setRank(3)
                                                .setReplicas(4)
                                                .setShards(1)
                                                .setRegionPath("/dev/shm/a/region-1-0")
                                                .setOrigin(StateOrigin.STATE_ORIGIN_INIT)
                                                .setHost("10.0.0.4")
                                                .setLocal(
                                                        LocalPart.newBuilder()
                                                                .setRank(1)
                                                                .setSize(2)
                                                                .setSlotOffset(1_088)
                                                                .setSlotBytes(1_088)
                                                                .setLiveOffset(64)
                                                                .setLiveBytes(128))
                                                .setMasterHost("10.0.0.1"))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "snapshot_committed, part",
                        "the agent commits when it has all parts",
                        FromWorker.newBuilder()
                                .setRequestId(6)
                                .setSnapshotCommitted(
                                        SnapshotCommitted.newBuilder()
                                                .setEpoch(5)
                                                .setStep(17)
                                                .setSlotIndex(2)
                                                .setPieceTable(ByteString.fromHex("43585431"))
                                                .setChunkCrcs(
                                                        ByteString.fromHex("0102030405060708")))
                                .build()));
        all.add(
                new MessageVectors.Vector(
                        "shutdown, again",
                        "another process is to be started",
                        ToWorker.newBuilder()
                                .setRequestId(9)
                                .setShutdown(Shutdown.newBuilder().setAgain(true))
                                .build()));
    }
}
