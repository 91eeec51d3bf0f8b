package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.pjrt.runtime.PjrtRuntimeFactory;
import io.coxswain.bridge.pjrt.runtime.PjrtTestPlugin;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The digits bundle on a real plugin, through workers of the bridge and the arena. */
class PjrtMeshTest {
    private static final int STEPS = 12;

    @TempDir Path folder;

    private static JobSpec job(int replicas, int shards, int devices, boolean donate) {
        return JobSpec.newBuilder()
                .setJobId("job-1")
                .setReplicas(replicas)
                .setShards(shards)
                .setSteps(STEPS)
                .setSeed(7)
                .setData(PjrtTestPlugin.example("digits.safetensors").toString())
                .setBatch(128)
                .setMicroshards(8)
                .setRuntimeKind("pjrt")
                .setRuntimeJson(
                        PjrtTestPlugin.section(
                                PjrtTestPlugin.example("bundle"), devices, donate, false))
                .build();
    }

    private TestMesh mesh(String name, JobSpec job) throws IOException {
        Path own = folder.resolve(name);
        Files.createDirectories(own);
        return new TestMesh(own, job, new PjrtRuntimeFactory());
    }

    private String digest(String name, JobSpec job) throws IOException {
        try (TestMesh mesh = mesh(name, job)) {
            mesh.init(1);
            double loss = 0;
            for (long step = 1; step <= STEPS; step++) {
                loss = mesh.step(1, step, step % 3 == 0, (int) (step / 3 % 3));
            }
            assertThat(loss).isBetween(0.0, 2.0);
            return mesh.finalDigest(1, STEPS);
        }
    }

    @Test
    void meshesAndDevicesAndDonationChangeNoBit() throws IOException {
        String one = digest("a", job(1, 2, 1, false));

        assertThat(digest("b", job(2, 2, 1, false))).isEqualTo(one);
        assertThat(digest("c", job(1, 2, 3, false))).isEqualTo(one);
        assertThat(digest("d", job(1, 2, 1, true))).isEqualTo(one);
        assertThat(digest("e", job(1, 1, 1, false))).isEqualTo(one);
        assertThat(digest("f", job(2, 1, 2, false))).isEqualTo(one);
    }

    @Test
    void aRankThatIsRestartedFromItsSlotEndsInTheSameState() throws IOException {
        String undisturbed = digest("a", job(2, 2, 1, false));
        try (TestMesh mesh = mesh("b", job(2, 2, 1, false))) {
            mesh.init(1);
            for (long step = 1; step <= 6; step++) {
                mesh.step(1, step, step == 6, 1);
            }
            ByteString digest = ByteString.EMPTY;
            for (int rank = 0; rank < mesh.ranks(); rank++) {
                var committed = mesh.agent(rank).committed();
                assertThat(committed.getReason()).isEmpty();
                digest = rank == 3 ? committed.getDigest() : digest;
            }
            mesh.restart(2, 3, 6, 1, digest);
            for (int rank = 0; rank < 3; rank++) {
                mesh.prepare(2, rank, 6, StateOrigin.STATE_ORIGIN_KEEP_LIVE);
            }
            mesh.gather();
            for (long step = 7; step <= STEPS; step++) {
                mesh.step(2, step, false, 0);
            }
            assertThat(mesh.finalDigest(2, STEPS)).isEqualTo(undisturbed);
        }
    }

    @Test
    void theModelIsEvaluatedAndTheSamplesAreCounted() throws IOException {
        try (TestMesh mesh = mesh("a", job(1, 2, 1, false))) {
            mesh.init(1);
            for (long step = 1; step <= STEPS; step++) {
                mesh.step(1, step, false, 0);
            }
            Finished finished = mesh.finish(0, 1, STEPS);
            assertThat(finished.getAccuracy()).isBetween(0.5, 1.0);
            assertThat(finished.getHeldOutLoss()).isBetween(0.0, 2.0);
            assertThat(finished.getSamplesSeen()).isEqualTo(128L * STEPS);
            assertThat(finished.getSamplesDistinctPerPassList()).containsExactly(1438L, 98L);
        }
    }
}
