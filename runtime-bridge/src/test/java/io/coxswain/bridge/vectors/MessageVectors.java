package io.coxswain.bridge.vectors;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.Applied;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.bridge.v1.Ping;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.bridge.v1.Welcome;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.LineageSegment;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PlanOperation;
import io.coxswain.proto.control.v1.StateLayout;
import io.coxswain.proto.control.v1.StepPlan;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Each message of the bridge once, and frames. */
final class MessageVectors {
    private static final HexFormat HEX = HexFormat.of();

    private MessageVectors() {}

    /**
     * A message and what it means.
     *
     * @param name of its body, with something added where there are several
     */
    record Vector(String name, String meaning, Message message) {}

    static List<Vector> messages() {
        List<Vector> all = new ArrayList<>();
        fromAgent(all);
        fromWorker(all);
        sideChannel(all);
        return all;
    }

    private static void fromAgent(List<Vector> all) {
        Welcome welcome =
                Welcome.newBuilder().setProtocolMajor(1).setHeartbeatNanos(250_000_000).build();
        all.add(new Vector("welcome", "on the main connection", to(0).setWelcome(welcome).build()));
        JobSpec job =
                JobSpec.newBuilder()
                        .setJobId("digits-20260101-120000")
                        .setName("digits")
                        .setReplicas(2)
                        .setShards(2)
                        .setSteps(600)
                        .setSeed(-1)
                        .setData("/data/digits.bin")
                        .setBatch(128)
                        .setMicroshards(8)
                        .setProtectCopies(1)
                        .setProtectEvery(1)
                        .setProtectLevel(15)
                        .setReturnWaitNanos(60_000_000_000L)
                        .setCollectivesWithin("runtime")
                        .setCollectivesAcross("agent")
                        .setRuntimeKind("reference")
                        .setRuntimeJson("{\"kind\": \"reference\"}")
                        .putLabels("team", "größe")
                        .build();
        all.add(
                new Vector(
                        "load_job",
                        "a seed is any 64-bit number: -1 travels as 2^64 - 1",
                        to(1).setLoadJob(LoadJob.newBuilder().setJob(job).setWarmUp(true))
                                .build()));
        StepPlan plan =
                StepPlan.newBuilder()
                        .setEpoch(300)
                        .addOperations(
                                PlanOperation.newBuilder()
                                        .setId(1)
                                        .setKind(OperationKind.OPERATION_KIND_EXECUTE)
                                        .setEvery(1)
                                        .setMicroshardFrom(2)
                                        .setMicroshardTo(4))
                        .addOperations(
                                PlanOperation.newBuilder()
                                        .setId(2)
                                        .setKind(OperationKind.OPERATION_KIND_SNAPSHOT)
                                        .addDependsOn(1)
                                        .setBackground(true))
                        .setReportEvery(10)
                        .build();
        all.add(
                new Vector(
                        "prepare_view",
                        "rank 1 from a slot of another file",
                        to(2).setPrepareView(
                                        PrepareView.newBuilder()
                                                .setPlan(plan)
                                                .setEpoch(300)
                                                .setRank(1)
                                                .setReplicas(2)
                                                .setShards(2)
                                                .setBaseStep(17)
                                                .setRegionPath("/dev/shm/a/region-2")
                                                .setOrigin(StateOrigin.STATE_ORIGIN_SLOT)
                                                .setSlotPath("/dev/shm/a/region-1")
                                                .setSlotIndex(2)
                                                .setSlotDigest(digest(0xA0)))
                                .build()));
        all.add(
                new Vector(
                        "prepare_view, initial",
                        "rank 0, step 0, slot 0: defaults are not on the wire",
                        to(3).setPrepareView(
                                        PrepareView.newBuilder()
                                                .setEpoch(1)
                                                .setReplicas(1)
                                                .setShards(1)
                                                .setRegionPath("/dev/shm/a/region-1")
                                                .setOrigin(StateOrigin.STATE_ORIGIN_INIT)
                                                .setHost("host-31"))
                                .build()));
        all.add(
                new Vector(
                        "execute",
                        "step 18 of epoch 300",
                        to(4).setExecute(Execute.newBuilder().setEpoch(300).setStep(18)).build()));
        all.add(
                new Vector(
                        "apply",
                        "with a snapshot into slot 0",
                        to(5).setApply(
                                        Apply.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setTakeSnapshot(true))
                                .build()));
        all.add(
                new Vector(
                        "snapshot",
                        "of the live state, into slot 1",
                        to(6).setSnapshot(
                                        Snapshot.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setSlotIndex(1))
                                .build()));
        all.add(
                new Vector(
                        "finish",
                        "two views made the history",
                        to(7).setFinish(
                                        Finish.newBuilder()
                                                .setEpoch(300)
                                                .setStep(600)
                                                .setEvaluate(true)
                                                .addLineage(segment(1, 1, 17))
                                                .addLineage(segment(300, 18, 600)))
                                .build()));
        all.add(
                new Vector(
                        "shutdown",
                        "a body without fields",
                        to(8).setShutdown(Shutdown.getDefaultInstance()).build()));
    }

    private static void fromWorker(List<Vector> all) {
        all.add(
                new Vector(
                        "hello",
                        "on the main connection",
                        from(0).setHello(
                                        Hello.newBuilder()
                                                .setProtocolMajor(1)
                                                .setRuntimeKind("reference")
                                                .setPid(4242)
                                                .setToken("6f1d0c"))
                                .build()));
        all.add(
                new Vector(
                        "job_loaded",
                        "two shards",
                        from(1).setJobLoaded(
                                        JobLoaded.newBuilder()
                                                .setLayout(
                                                        StateLayout.newBuilder()
                                                                .setParameterElements(1000)
                                                                .addShardBegin(0)
                                                                .addShardBegin(512)
                                                                .addShardBegin(1000)
                                                                .addShardStateBytes(6152)
                                                                .addShardStateBytes(5864)
                                                                .addShardRegionBytes(24576)
                                                                .addShardRegionBytes(24576)
                                                                .setFingerprint("f00d")
                                                                .setDeterministic(true))
                                                .setLoadNanos(1_000_000)
                                                .setCompileNanos(2_000_000_000L)
                                                .addShardLiveBytes(0)
                                                .addShardLiveBytes(64)
                                                .addShardPieces(7)
                                                .addShardPieces(7))
                                .build()));
        all.add(
                new Vector(
                        "job_loaded, reforms",
                        "nothing for agents to reduce",
                        from(1).setJobLoaded(
                                        JobLoaded.newBuilder()
                                                .setLayout(
                                                        StateLayout.newBuilder()
                                                                .addShardBegin(0)
                                                                .addShardBegin(0)
                                                                .addShardStateBytes(6152)
                                                                .addShardRegionBytes(4096)
                                                                .setFingerprint("f00d"))
                                                .addShardLiveBytes(0)
                                                .addShardPieces(7)
                                                .setReforms(true))
                                .build()));
        PieceVectors.addTo(all);
        all.add(
                new Vector(
                        "view_prepared",
                        "from a slot",
                        from(2).setViewPrepared(
                                        ViewPrepared.newBuilder()
                                                .setEpoch(300)
                                                .setStep(17)
                                                .setDigest(digest(0xA0))
                                                .setLoadedBytes(5864))
                                .build()));
        all.add(
                new Vector(
                        "executed",
                        "two microshards; the hash has its highest bit set",
                        from(4).setExecuted(
                                        Executed.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .addMicroshardLosses(36.5f)
                                                .addMicroshardLosses(-0.125f)
                                                .setSamples(32)
                                                .setSampleHash(0x8000_0000_0000_0001L)
                                                .setExecuteNanos(1_500_000)
                                                .setDataWaitNanos(127))
                                .build()));
        all.add(
                new Vector(
                        "executed, made whole",
                        "the ranks' workers have reduced among themselves",
                        from(4).setExecuted(
                                        Executed.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setSamples(32)
                                                .setSampleHash(7)
                                                .setExecuteNanos(1_500_000)
                                                .setLoss(0.625f)
                                                .setSnapshotStallNanos(300))
                                .build()));
        all.add(
                new Vector(
                        "executed, own time",
                        "the program told when it began to wait for the others",
                        from(4).setExecuted(
                                        Executed.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setExecuteNanos(1_500_000)
                                                .setOwnNanos(1_200_000))
                                .build()));
        all.add(
                new Vector(
                        "aborted",
                        "the live state is still that of step 17",
                        from(4).setAborted(Aborted.newBuilder().setEpoch(300).setStep(18))
                                .build()));
        all.add(
                new Vector(
                        "applied",
                        "",
                        from(5).setApplied(
                                        Applied.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setApplyNanos(80_000)
                                                .setSnapshotStallNanos(90_000))
                                .build()));
        all.add(
                new Vector(
                        "snapshot_committed",
                        "the second answer to request 5",
                        from(5).setSnapshotCommitted(
                                        SnapshotCommitted.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setDigest(digest(0))
                                                .setBytes(5864))
                                .build()));
        all.add(
                new Vector(
                        "snapshot_committed, failed",
                        "",
                        from(6).setSnapshotCommitted(
                                        SnapshotCommitted.newBuilder()
                                                .setEpoch(300)
                                                .setStep(18)
                                                .setSlotIndex(1)
                                                .setFailed(true)
                                                .setReason("slot 1 holds a committed state"))
                                .build()));
        all.add(
                new Vector(
                        "finished",
                        "",
                        from(7).setFinished(
                                        Finished.newBuilder()
                                                .addLeaves(
                                                        LeafDigest.newBuilder()
                                                                .setLeaf("dense/w")
                                                                .setLeafIndex(3)
                                                                .setLeafBlocks(2)
                                                                .setFirstBlock(1)
                                                                .setBlockDigests(digest(0x40))
                                                                .setLeafHeader(
                                                                        ByteString.copyFromUtf8(
                                                                                "dense/w\0")))
                                                .setHeldOutLoss(0.25)
                                                .setAccuracy(0.96875)
                                                .setSamplesSeen(76800)
                                                .addSamplesDistinctPerPass(1438)
                                                .addSamplesDistinctPerPass(583))
                                .build()));
        all.add(
                new Vector(
                        "fault",
                        "instead of the answer",
                        from(2).setFault(
                                        Fault.newBuilder()
                                                .setCode("bad_state")
                                                .setMessage("slot 2 has another digest"))
                                .build()));
        all.add(
                new Vector(
                        "fault, whole story",
                        "of an exception: with its traceback",
                        from(3).setFault(
                                        Fault.newBuilder()
                                                .setCode("internal")
                                                .setMessage("ValueError: nothing left")
                                                .setTraceback(
                                                        """
                                                        Traceback (most recent call last):
                                                          …
                                                        """))
                                .build()));
        all.add(
                new Vector(
                        "metrics",
                        "unsolicited: no request has id 0; the value 0 is the default",
                        from(0).setMetrics(
                                        Metrics.newBuilder()
                                                .setStep(17)
                                                .addValues(
                                                        Metric.newBuilder()
                                                                .setName("loss")
                                                                .setValue(0.25))
                                                .addValues(
                                                        Metric.newBuilder()
                                                                .setName("grad_norm")
                                                                .setValue(-1.5))
                                                .addValues(Metric.newBuilder().setName("zero")))
                                .build()));
    }

    private static void sideChannel(List<Vector> all) {
        all.add(
                new Vector(
                        "hello, side",
                        "on the side channel",
                        FromWorkerSide.newBuilder()
                                .setHello(
                                        Hello.newBuilder()
                                                .setProtocolMajor(1)
                                                .setRuntimeKind("reference")
                                                .setPid(4242)
                                                .setToken("6f1d0c")
                                                .setSideChannel(true))
                                .build()));
        all.add(
                new Vector(
                        "welcome, side",
                        "on the side channel",
                        ToWorkerSide.newBuilder()
                                .setWelcome(
                                        Welcome.newBuilder()
                                                .setProtocolMajor(1)
                                                .setProtocolMinor(2)
                                                .setHeartbeatNanos(250_000_000))
                                .build()));
        all.add(
                new Vector(
                        "ping",
                        "",
                        ToWorkerSide.newBuilder()
                                .setPing(Ping.newBuilder().setSequence(1))
                                .build()));
        all.add(
                new Vector(
                        "abort",
                        "all epochs: 2^64 - 1",
                        ToWorkerSide.newBuilder()
                                .setAbort(Abort.newBuilder().setBelowEpoch(-1))
                                .build()));
        all.add(
                new Vector(
                        "pong",
                        "",
                        FromWorkerSide.newBuilder()
                                .setPong(
                                        Pong.newBuilder()
                                                .setSequence(1)
                                                .setOperation("execute")
                                                .setStep(18))
                                .build()));
        all.add(
                new Vector(
                        "pong, in a collective",
                        "the second of step 18",
                        FromWorkerSide.newBuilder()
                                .setPong(
                                        Pong.newBuilder()
                                                .setSequence(2)
                                                .setOperation("execute")
                                                .setStep(18)
                                                .setEntered(2)
                                                .setPart("backward"))
                                .build()));
        KeyValueVectors.addTo(all);
        GroupVectors.addTo(all);
        AttachedVectors.addTo(all);
        ServiceVectors.addTo(all);
        ExportVectors.addTo(all);
    }

    private static ToWorker.Builder to(long request) {
        return ToWorker.newBuilder().setRequestId(request);
    }

    private static FromWorker.Builder from(long request) {
        return FromWorker.newBuilder().setRequestId(request);
    }

    private static LineageSegment segment(long epoch, long first, long last) {
        return LineageSegment.newBuilder()
                .setEpoch(epoch)
                .setFirstStep(first)
                .setLastStep(last)
                .build();
    }

    private static ByteString digest(int first) {
        byte[] digest = new byte[32];
        for (int i = 0; i < digest.length; i++) {
            digest[i] = (byte) (first + i);
        }
        return ByteString.copyFrom(digest);
    }

    /** The messages as the file has them. */
    static List<Object> asJson() {
        List<Object> all = new ArrayList<>();
        for (Vector vector : messages()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", vector.name());
            entry.put("meaning", vector.meaning());
            entry.put("type", vector.message().getDescriptorForType().getName());
            entry.put("fields", fields(vector.message()));
            entry.put("hex", HEX.formatHex(vector.message().toByteArray()));
            all.add(entry);
        }
        return all;
    }

    private static Map<String, Object> fields(Message message) {
        Map<String, Object> fields = new LinkedHashMap<>();
        message.getAllFields()
                .forEach((field, value) -> fields.put(field.getName(), json(field, value)));
        return fields;
    }

    private static Object json(FieldDescriptor field, Object value) {
        if (field.isMapField()) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (Object entry : (List<?>) value) {
                Message pair = (Message) entry;
                map.put(
                        (String) pair.getField(pair.getDescriptorForType().findFieldByNumber(1)),
                        pair.getField(pair.getDescriptorForType().findFieldByNumber(2)));
            }
            return map;
        }
        if (field.isRepeated()) {
            return ((List<?>) value).stream().map(one -> single(field, one)).toList();
        }
        return single(field, value);
    }

    private static Object single(FieldDescriptor field, Object value) {
        return switch (value) {
            case Message message -> fields(message);
            case ByteString bytes -> HEX.formatHex(bytes.toByteArray());
            case EnumValueDescriptor constant -> constant.getNumber();
            case Long number when field.getType() == FieldDescriptor.Type.UINT64 ->
                    new java.math.BigInteger(Long.toUnsignedString(number));
            default -> value;
        };
    }

    /** Frames, good and bad. */
    static List<Object> frames() {
        byte[] execute =
                to(4).setExecute(Execute.newBuilder().setEpoch(300).setStep(18))
                        .build()
                        .toByteArray();
        byte[] framed =
                ByteBuffer.allocate(4 + execute.length).putInt(execute.length).put(execute).array();
        return List.of(
                frame("a message", "read", framed, "message", HEX.formatHex(execute)),
                frame("an empty message", "no field is set", new byte[4], "message", ""),
                frame("the end", "closed after a whole frame", new byte[0], "end", ""),
                frame(
                        "one byte too long",
                        "4 MiB and a byte; to be refused before anything is allocated",
                        new byte[] {0, 0x40, 0, 1},
                        "too_long",
                        ""),
                frame(
                        "4 GiB",
                        "the length is unsigned",
                        new byte[] {-1, -1, -1, -1},
                        "too_long",
                        ""),
                frame("half a length", "closed inside a frame", new byte[] {0, 0}, "cut_off", ""),
                frame(
                        "half a message",
                        "closed inside a frame",
                        java.util.Arrays.copyOf(framed, framed.length - 1),
                        "cut_off",
                        ""));
    }

    private static Map<String, Object> frame(
            String name, String meaning, byte[] bytes, String outcome, String message) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", name);
        entry.put("meaning", meaning);
        entry.put("hex", HEX.formatHex(bytes));
        entry.put("outcome", outcome);
        entry.put("message", message);
        return entry;
    }
}
