package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingRuntime;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

class WorkerHostTest {
    @TempDir Path folder;

    private static ToWorker.Builder execute(long epoch, long step) {
        return ToWorker.newBuilder().setExecute(Execute.newBuilder().setEpoch(epoch).setStep(step));
    }

    private static ToWorker.Builder apply(long epoch, long step) {
        return ToWorker.newBuilder().setApply(Apply.newBuilder().setEpoch(epoch).setStep(step));
    }

    private static ToWorker.Builder load(JobSpec job) {
        return ToWorker.newBuilder().setLoadJob(LoadJob.newBuilder().setJob(job));
    }

    @Test
    void thirtyStepsLearnAndTheFinalReportCountsEachSampleOnce() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            double first = mesh.step(1, 1, false, 0);
            double last = first;
            for (long step = 2; step <= 30; step++) {
                last = mesh.step(1, step, false, 0);
            }
            assertThat(last).isLessThan(first / 2);
            Finished finished = mesh.finish(0, 1, 30);
            assertThat(finished.getAccuracy()).isGreaterThan(0.7);
            assertThat(finished.getSamplesSeen()).isEqualTo(30 * 50);
            // 1438 training samples: one whole pass, and the begin of the next.
            assertThat(finished.getSamplesDistinctPerPassList()).containsExactly(1438L, 62L);
        }
    }

    @Test
    void theFinalDigestDoesNotDependOnTheMesh() throws IOException {
        String alone = digestAfter(Files.createDirectory(folder.resolve("a")), 1, 1, 12);
        assertThat(digestAfter(Files.createDirectory(folder.resolve("b")), 1, 3, 12))
                .isEqualTo(alone);
        assertThat(digestAfter(Files.createDirectory(folder.resolve("c")), 2, 2, 12))
                .isEqualTo(alone);
        assertThat(digestAfter(Files.createDirectory(folder.resolve("d")), 1, 1, 11))
                .isNotEqualTo(alone);
    }

    private static String digestAfter(Path folder, int replicas, int shards, long steps)
            throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(replicas, shards))) {
            mesh.init(1);
            for (long step = 1; step <= steps; step++) {
                mesh.step(1, step, false, 0);
            }
            return mesh.finalDigest(1, steps);
        }
    }

    @Test
    void aWorkerThatDiedGoesOnFromItsSlotAsIfNothingHadHappened() throws IOException {
        String expected = digestAfter(Files.createDirectory(folder.resolve("a")), 1, 2, 10);
        Path with = Files.createDirectory(folder.resolve("b"));
        try (TestMesh mesh = new TestMesh(with, TestMesh.job(1, 2))) {
            mesh.init(1);
            for (long step = 1; step <= 6; step++) {
                mesh.step(1, step, step == 6, 1);
            }
            SnapshotCommitted other = mesh.agent(0).committed();
            SnapshotCommitted snapshot = mesh.agent(1).committed();
            assertThat(snapshot.getFailed()).as("%s", snapshot).isFalse();
            assertThat(snapshot.getStep()).isEqualTo(6);
            assertThat(snapshot.getSlotIndex()).isEqualTo(1);
            assertThat(snapshot.getDigest()).isNotEqualTo(other.getDigest());
            assertThat(mesh.region(1).slot(1).state()).isEqualTo(Slot.State.COMMITTED);

            ViewPrepared prepared = mesh.restart(2, 1, 6, 1, snapshot.getDigest());
            assertThat(prepared.getStep()).isEqualTo(6);
            assertThat(prepared.getDigest()).isEqualTo(snapshot.getDigest());
            assertThat(prepared.getLoadedBytes()).isEqualTo(snapshot.getBytes());
            mesh.prepare(2, 0, 6, StateOrigin.STATE_ORIGIN_KEEP_LIVE);
            mesh.gather();
            // What was loaded is what was stored, ballast and all.
            assertThat(snapshot(mesh, 1, 2, 6, 2).getDigest()).isEqualTo(snapshot.getDigest());
            for (long step = 7; step <= 10; step++) {
                mesh.step(2, step, false, 0);
            }
            assertThat(mesh.finalDigest(2, 10)).isEqualTo(expected);
        }
    }

    @Test
    void replicasHaveEqualDigestsAndEachStepAnother() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(2, 1))) {
            mesh.init(1);
            ByteString before = ByteString.EMPTY;
            for (long step = 1; step <= 2; step++) {
                mesh.step(1, step, true, (int) step);
                ByteString digest = mesh.agent(0).committed().getDigest();
                assertThat(mesh.agent(1).committed().getDigest()).isEqualTo(digest);
                assertThat(digest).isNotEqualTo(before);
                before = digest;
            }
        }
    }

    @Test
    void aStateThatIsNotTheOneAskedForIsNotLoaded() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            mesh.step(1, 1, true, 0);
            SnapshotCommitted snapshot = mesh.agent(0).committed();
            var view =
                    mesh.view(2, 0, 1, StateOrigin.STATE_ORIGIN_SLOT)
                            .setSlotPath(mesh.region(0).path().toString())
                            .setSlotDigest(ByteString.copyFrom(new byte[32]));
            Fault wrongDigest =
                    mesh.agent(0).fault(ToWorker.newBuilder().setPrepareView(view.clone()));
            assertThat(wrongDigest.getCode()).isEqualTo("bad_state");
            assertThat(wrongDigest.getMessage()).contains("has digest", "expected 0000");
            view.setSlotDigest(snapshot.getDigest());
            assertThat(
                            mesh.agent(0)
                                    .fault(
                                            ToWorker.newBuilder()
                                                    .setPrepareView(view.clone().setBaseStep(2)))
                                    .getMessage())
                    .contains("holds step 1", "expected step 2");
            assertThat(
                            mesh.agent(0)
                                    .fault(
                                            ToWorker.newBuilder()
                                                    .setPrepareView(view.clone().setSlotIndex(1)))
                                    .getMessage())
                    .contains("not committed");
            mesh.region(0).slot(0).data().word(0, 1);
            assertThat(
                            mesh.agent(0)
                                    .fault(ToWorker.newBuilder().setPrepareView(view.clone()))
                                    .getMessage())
                    .contains("chunk 0", "CRC");
            // Nothing of it touched the live state.
            mesh.prepare(3, 0, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE);
            mesh.step(3, 2, false, 0);
        }
    }

    @Test
    void aSnapshotIntoACommittedSlotFailsAndTheStepCountsAllTheSame() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            mesh.step(1, 1, true, 0);
            assertThat(mesh.agent(0).committed().getFailed()).isFalse();
            mesh.step(1, 2, true, 0);
            SnapshotCommitted refused = mesh.agent(0).committed();
            assertThat(refused.getFailed()).isTrue();
            assertThat(refused.getStep()).isEqualTo(2);
            assertThat(refused.getReason()).contains("free it");
            assertThat(mesh.region(0).slot(0).table().meta().step()).isEqualTo(1);
            mesh.region(0).slot(0).free();
            assertThat(snapshot(mesh, 0, 1, 2, 0).getFailed()).isFalse();
            assertThat(mesh.region(0).slot(0).table().meta().step()).isEqualTo(2);
        }
    }

    private static SnapshotCommitted snapshot(
            TestMesh mesh, int rank, long epoch, long step, int slot) throws IOException {
        return mesh.agent(rank)
                .call(
                        ToWorker.newBuilder()
                                .setSnapshot(
                                        Snapshot.newBuilder()
                                                .setEpoch(epoch)
                                                .setStep(step)
                                                .setSlotIndex(slot)))
                .getSnapshotCommitted();
    }

    @Test
    void anExecuteIsAbortedInTheMiddleAndTheLiveStateStays() throws IOException {
        String slow =
                TestMesh.RUNTIME.replace("\"ballast\"", "\"minStepMillis\": 3600000, \"ballast\"");
        JobSpec job = TestMesh.job(1, 1).toBuilder().setRuntimeJson(slow).build();
        try (TestMesh mesh = new TestMesh(folder, job)) {
            mesh.init(1);
            BridgeTestClient agent = mesh.agent(0);
            agent.send(execute(1, 1));
            Pong pong = agent.ping();
            while (!pong.getOperation().equals("execute")) {
                pong = agent.ping();
            }
            assertThat(pong.getStep()).isEqualTo(1);
            agent.abort(2);
            FromWorker answer = agent.receive();
            assertThat(answer.hasAborted()).as("%s", answer).isTrue();
            assertThat(answer.getAborted().getStep()).isEqualTo(1);
            // Requests of the aborted epoch do nothing from now on; the next epoch finds the state
            // as it was.
            assertThat(agent.call(apply(1, 1)).hasAborted()).isTrue();
            assertThat(agent.call(execute(1, 1)).hasAborted()).isTrue();
            agent.abort(1);
            mesh.prepare(2, 0, 0, StateOrigin.STATE_ORIGIN_KEEP_LIVE);
            assertThat(agent.ping().getOperation()).isEqualTo("idle");
        }
    }

    @Test
    void minStepMillisIsTheLeastTimeOfAnExecute() throws IOException {
        String slow = TestMesh.RUNTIME.replace("\"ballast\"", "\"minStepMillis\": 20, \"ballast\"");
        JobSpec job = TestMesh.job(1, 1).toBuilder().setRuntimeJson(slow).build();
        try (TestMesh mesh = new TestMesh(folder, job)) {
            mesh.init(1);
            for (int i = 0; i < 3; i++) {
                FromWorker answer = mesh.agent(0).call(execute(1, 1));
                assertThat(answer.getExecuted().getExecuteNanos())
                        .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    @Test
    void aDataStallIsToldAsWaitForData() throws IOException {
        String slow =
                TestMesh.RUNTIME.replace(
                        "\"ballast\"",
                        "\"stalls\": [{\"what\": \"data\", \"firstStep\": 1, \"lastStep\": 1,"
                                + " \"millis\": 30}], \"ballast\"");
        JobSpec job = TestMesh.job(1, 1).toBuilder().setRuntimeJson(slow).build();
        try (TestMesh mesh = new TestMesh(folder, job)) {
            mesh.init(1);
            var executed = mesh.agent(0).call(execute(1, 1)).getExecuted();
            long stall = TimeUnit.MILLISECONDS.toNanos(30);
            assertThat(executed.getDataWaitNanos()).isGreaterThanOrEqualTo(stall);
            assertThat(executed.getExecuteNanos())
                    .isGreaterThanOrEqualTo(executed.getDataWaitNanos());
        }
    }

    @Test
    void keepLiveMovesToANewRegion() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            mesh.step(1, 1, true, 0);
            ByteString digest = mesh.agent(0).committed().getDigest();
            Path path = folder.resolve("other");
            try (ArenaFile region = ArenaFile.create(path, mesh.region(0).shape())) {
                FromWorker answer =
                        mesh.agent(0)
                                .call(
                                        ToWorker.newBuilder()
                                                .setPrepareView(
                                                        mesh.view(
                                                                        2,
                                                                        0,
                                                                        1,
                                                                        StateOrigin
                                                                                .STATE_ORIGIN_KEEP_LIVE)
                                                                .setRegionPath(path.toString())));
                assertThat(answer.hasViewPrepared()).as("%s", answer).isTrue();
                assertThat(snapshot(mesh, 0, 2, 1, 2).getDigest()).isEqualTo(digest);
                assertThat(region.slot(2).table().digest()).isEqualTo(digest.toByteArray());
            }
        }
    }

    /** Blamed on the state, it would be given up everywhere for what one worker lacks. */
    @Test
    void aFileThatCannotBeMappedSaysNothingOfTheStateInIt() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            mesh.step(1, 1, true, 0);
            mesh.agent(0).committed();
            Path unmappable = Files.createDirectory(folder.resolve("unmappable"));
            var slot =
                    mesh.view(2, 0, 1, StateOrigin.STATE_ORIGIN_SLOT)
                            .setSlotPath(unmappable.toString());
            var region =
                    mesh.view(2, 0, 1, StateOrigin.STATE_ORIGIN_SLOT)
                            .setRegionPath(folder.resolve("nowhere").toString())
                            .setSlotPath(mesh.region(0).path().toString());
            var missing =
                    mesh.view(2, 0, 1, StateOrigin.STATE_ORIGIN_SLOT)
                            .setSlotPath(folder.resolve("nowhere").toString());

            assertThat(fault(mesh, slot)).isEqualTo("internal");
            assertThat(fault(mesh, region)).isEqualTo("internal");
            assertThat(fault(mesh, missing)).isEqualTo("bad_state");
        }
    }

    private static String fault(TestMesh mesh, PrepareView.Builder view) throws IOException {
        return mesh.agent(0).fault(ToWorker.newBuilder().setPrepareView(view)).getCode();
    }

    @Test
    void requestsThatDoNotFitTheStateAreRefused() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            assertThat(mesh.agent(0).fault(execute(1, 1)).getMessage()).contains("no view");
            mesh.init(1);
            assertThat(mesh.agent(0).fault(execute(1, 2)).getMessage())
                    .contains("live step 1", "has live step 0");
            assertThat(mesh.agent(0).fault(execute(2, 1)).getMessage())
                    .contains("epoch 2", "in epoch 1");
            var keep = mesh.view(2, 0, 5, StateOrigin.STATE_ORIGIN_KEEP_LIVE);
            assertThat(mesh.agent(0).fault(ToWorker.newBuilder().setPrepareView(keep)).getCode())
                    .isEqualTo("bad_state");
            assertThat(
                            mesh.agent(0)
                                    .fault(
                                            ToWorker.newBuilder()
                                                    .setPrepareView(keep.clone().setShards(2)))
                                    .getCode())
                    .isEqualTo("bad_request");
            assertThat(mesh.agent(0).fault(ToWorker.newBuilder()).getCode())
                    .isEqualTo("bad_request");
            mesh.step(1, 1, false, 0);
        }
    }

    @Test
    void loadingIsIdempotentAndAnotherJobReplacesTheFirst() throws IOException {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            JobLoaded first = TestMesh.load(worker.agent, TestMesh.job(1, 3));
            assertThat(TestMesh.load(worker.agent, TestMesh.job(1, 3))).isEqualTo(first);
            JobLoaded second =
                    TestMesh.load(
                            worker.agent, TestMesh.job(1, 2).toBuilder().setJobId("job-2").build());
            assertThat(second.getLayout().getFingerprint())
                    .isNotEqualTo(first.getLayout().getFingerprint());
            var layout = first.getLayout();
            assertThat(layout.getShardBeginList())
                    .hasSize(4)
                    .startsWith(0L)
                    .endsWith(layout.getParameterElements());
            for (int shard = 0; shard < 3; shard++) {
                assertThat(layout.getShardRegionBytes(shard))
                        .isGreaterThan(first.getShardLiveBytes(shard));
            }
        }
    }

    @Test
    void jobsThatCannotRunAreRefusedWithTheField() throws IOException {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            JobSpec good = TestMesh.job(1, 1);
            Fault json = worker.agent.fault(load(good.toBuilder().setRuntimeJson("{").build()));
            assertThat(json.getCode()).isEqualTo("program_invalid");
            assertThat(json.getMessage()).contains("not valid JSON");
            Fault field =
                    worker.agent.fault(
                            load(
                                    good.toBuilder()
                                            .setRuntimeJson(
                                                    TestMesh.RUNTIME.replace("ballast", "balast"))
                                            .build()));
            assertThat(field.getMessage()).contains("runtime.balast", "ballast");
            Fault data =
                    worker.agent.fault(
                            load(good.toBuilder().setData("/nonexistent/digits.bin").build()));
            assertThat(data.getCode()).isEqualTo("data_unreadable");
            assertThat(data.getMessage()).contains("/nonexistent/digits.bin");
            Fault model =
                    worker.agent.fault(
                            load(
                                    good.toBuilder()
                                            .setRuntimeJson(TestMesh.RUNTIME.replace("64", "63"))
                                            .build()));
            assertThat(model.getMessage()).contains("runtime.model.layers", "64");
            Fault kind = worker.agent.fault(load(good.toBuilder().setRuntimeKind("pjrt").build()));
            assertThat(kind.getMessage()).contains("pjrt", "reference");
            TestMesh.load(worker.agent, good);
        }
    }

    @Test
    void aJobWhoseRuntimeShallReduceIsRefused() throws IOException {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            JobSpec job = TestMesh.job(1, 1).toBuilder().setCollectivesAcross("runtime").build();
            Fault fault = worker.agent.fault(load(job));
            assertThat(fault.getCode()).isEqualTo("program_invalid");
            assertThat(fault.getMessage())
                    .contains("`collectives.across` is 'runtime'")
                    .endsWith("set `collectives.across: agent`");
        }
    }

    /** It may hold devices, or memory outside the heap. */
    @Test
    void aRuntimeThatCannotLoadIsClosed() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        TrainingRuntime runtime =
                (TrainingRuntime)
                        Proxy.newProxyInstance(
                                TrainingRuntime.class.getClassLoader(),
                                new Class<?>[] {TrainingRuntime.class},
                                (_, method, _) -> {
                                    if (method.getName().equals("load")) {
                                        throw new RuntimeFault(
                                                RuntimeFault.Code.PROGRAM_INVALID, "no program");
                                    }
                                    if (method.getName().equals("close")) {
                                        closed.countDown();
                                    }
                                    return null;
                                });
        RuntimeFactory factory =
                new RuntimeFactory() {
                    @Override
                    public String kind() {
                        return "reference";
                    }

                    @Override
                    public TrainingRuntime create() {
                        return runtime;
                    }
                };
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"), factory)) {
            assertThat(worker.agent.fault(load(TestMesh.job(1, 1))).getMessage())
                    .isEqualTo("no program");
            assertThat(closed.getCount()).isZero();
        }
    }

    @Test
    void aRegionOfTheWrongShapeIsRefused() throws IOException {
        try (TestMesh mesh = new TestMesh(folder, TestMesh.job(1, 1))) {
            mesh.init(1);
            Path path = folder.resolve("small");
            ArenaFile.create(path, ArenaFile.Shape.slotsOnly(1, 1, 1)).close();
            Fault fault =
                    mesh.agent(0)
                            .fault(
                                    ToWorker.newBuilder()
                                            .setPrepareView(
                                                    mesh.view(
                                                                    2,
                                                                    0,
                                                                    0,
                                                                    StateOrigin.STATE_ORIGIN_INIT)
                                                            .setRegionPath(path.toString())));
            assertThat(fault.getMessage()).contains("small", "needs");
        }
    }

    @Test
    void whenTheAgentIsGoneTheHostEndsEvenInTheMiddleOfAnExecute() throws Exception {
        String slow =
                TestMesh.RUNTIME.replace("\"ballast\"", "\"minStepMillis\": 3600000, \"ballast\"");
        JobSpec job = TestMesh.job(1, 1).toBuilder().setRuntimeJson(slow).build();
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            JobLoaded loaded = TestMesh.load(worker.agent, job);
            Path path = folder.resolve("r");
            ArenaFile.create(path, TestMesh.shape(job, loaded, 0)).close();
            worker.agent.call(
                    ToWorker.newBuilder()
                            .setPrepareView(
                                    io.coxswain.proto.bridge.v1.PrepareView.newBuilder()
                                            .setEpoch(1)
                                            .setReplicas(1)
                                            .setShards(1)
                                            .setRegionPath(path.toString())
                                            .setOrigin(StateOrigin.STATE_ORIGIN_INIT)));
            worker.agent.send(execute(1, 1));
            worker.agent.close();
            assertThat(worker.agentGone.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(worker.ended.get(30, TimeUnit.SECONDS))
                    .isEqualTo(WorkerHost.Ending.AGENT_GONE);
        }
    }

    @Test
    void shutdownEndsTheHost() throws Exception {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            worker.agent.send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
            assertThat(worker.ended.get(30, TimeUnit.SECONDS))
                    .isEqualTo(WorkerHost.Ending.SHUT_DOWN);
        }
    }

    @Test
    void aFrameThatIsTooLongEndsTheHostWithItsLength() throws Exception {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            ByteBuffer frame = ByteBuffer.allocate(4).putInt(FrameChannel.MAX_MESSAGE_BYTES + 1);
            worker.agent.raw().write(frame.flip());
            assertThatThrownBy(() -> worker.ended.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseInstanceOf(ProtocolException.class)
                    .hasMessageContaining("4194305");
            assertThat(worker.agent.isClosed()).isTrue();
        }
    }

    @Test
    void aFrameThatIsNoMessageEndsTheHost() throws Exception {
        try (var worker = new BridgeTestClient.InProcess(folder.resolve("s"))) {
            ByteBuffer frame = ByteBuffer.allocate(6).putInt(2).put((byte) 0xFF).put((byte) 0xFF);
            worker.agent.raw().write(frame.flip());
            assertThatThrownBy(() -> worker.ended.get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(InvalidProtocolBufferException.class);
        }
    }

    @Test
    void aRefusedTokenIsSaidPlainly() throws Exception {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = BridgeTestClient.listen(socket)) {
            CompletableFuture<WorkerHost> host = new CompletableFuture<>();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            host.complete(
                                    WorkerHost.connect(
                                            socket,
                                            "stale",
                                            new io.coxswain.bridge.reference
                                                    .ReferenceRuntimeFactory(),
                                            () -> {}));
                        } catch (IOException e) {
                            host.completeExceptionally(e);
                        }
                    });
            assertThatThrownBy(() -> BridgeTestClient.accept(server, socket).close())
                    .hasMessageContaining("wrong token stale");
            assertThatThrownBy(() -> host.get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(ProtocolException.class)
                    .hasMessageContaining("token was refused");
        }
    }
}
