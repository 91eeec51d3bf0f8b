package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

class WorkerProcessIT {
    @TempDir Path folder;

    @Test
    void itEndsWhenItsAgentIsGone() throws Exception {
        try (WorkerProcess worker = new WorkerProcess(folder)) {
            worker.agent.close();
            assertThat(worker.exit()).isEqualTo(WorkerMain.AGENT_GONE);
            assertThat(worker.errors()).contains("coxswain worker: the agent closed the bridge");
        }
    }

    @Test
    void itEndsInTheMiddleOfAComputationToo() throws Exception {
        JobSpec job =
                TestMesh.job(1, 1).toBuilder()
                        .setRuntimeJson(
                                TestMesh.RUNTIME.replace(
                                        "\"ballast\"", "\"minStepMillis\": 3600000, \"ballast\""))
                        .build();
        try (WorkerProcess worker = new WorkerProcess(folder)) {
            prepare(worker, job);
            worker.agent.send(execute(1));
            worker.agent.close();
            assertThat(worker.exit()).isEqualTo(WorkerMain.AGENT_GONE);
        }
    }

    @Test
    void sigtermAndShutdownEndIt() throws Exception {
        try (WorkerProcess worker = new WorkerProcess(folder)) {
            worker.process.destroy();
            assertThat(worker.exit()).isEqualTo(128 + 15);
        }
        try (WorkerProcess worker = new WorkerProcess(folder)) {
            worker.agent.send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
            assertThat(worker.exit()).isZero();
        }
    }

    @Test
    void aSlotOfAKilledWorkerIsWholeOrNotTrusted() throws Exception {
        JobSpec job =
                TestMesh.job(1, 1).toBuilder()
                        .setRuntimeJson(TestMesh.RUNTIME.replace("200003", "60000000"))
                        .build();
        try (WorkerProcess worker = new WorkerProcess(folder);
                ArenaFile region = prepare(worker, job)) {
            worker.agent.call(execute(1));
            FromWorker applied =
                    worker.agent.call(
                            ToWorker.newBuilder()
                                    .setApply(
                                            Apply.newBuilder()
                                                    .setEpoch(1)
                                                    .setStep(1)
                                                    .setTakeSnapshot(true)));
            // The copy is done, the checksums have begun: the commit mark may or may not be set
            // already.
            worker.process.destroyForcibly().onExit().join();
            assertThat(applied.hasApplied()).isTrue();
            Slot slot = region.slot(0);
            Class<?> expected =
                    slot.state() == Slot.State.COMMITTED
                            ? Verification.Intact.class
                            : Verification.Damaged.class;
            assertThat(slot.verify()).isInstanceOf(expected);
            assertThat(slot.state()).isNotEqualTo(Slot.State.EMPTY);
        }
    }

    @Test
    void aProcessThatNoAgentStartedSaysSo() throws Exception {
        List<String> command =
                WorkerJvm.reference(
                        Path.of(System.getProperty("java.home")),
                        System.getProperty("java.class.path"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().remove(WorkerMain.SOCKET_VARIABLE);
        Process process = builder.start();
        String words =
                new String(
                        process.getErrorStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(WorkerMain.NOT_STARTED);
        assertThat(words).contains(WorkerMain.SOCKET_VARIABLE);
    }

    private ArenaFile prepare(WorkerProcess worker, JobSpec job) throws IOException {
        JobLoaded loaded = TestMesh.load(worker.agent, job);
        ArenaFile region =
                ArenaFile.create(folder.resolve("region"), TestMesh.shape(job, loaded, 0));
        FromWorker answer =
                worker.agent.call(
                        ToWorker.newBuilder()
                                .setPrepareView(
                                        PrepareView.newBuilder()
                                                .setEpoch(1)
                                                .setReplicas(1)
                                                .setShards(1)
                                                .setRegionPath(region.path().toString())
                                                .setOrigin(StateOrigin.STATE_ORIGIN_INIT)));
        assertThat(answer.hasViewPrepared()).as("%s", answer).isTrue();
        return region;
    }

    private static ToWorker.Builder execute(long step) {
        return ToWorker.newBuilder().setExecute(Execute.newBuilder().setEpoch(1).setStep(step));
    }
}
