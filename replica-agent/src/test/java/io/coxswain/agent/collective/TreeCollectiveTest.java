package io.coxswain.agent.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.transfer.DataPlaneSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

class TreeCollectiveTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "1,1,8,1000", "1,1,5,1", "2,1,8,1003", "2,1,7,999", "2,1,5,64", "1,3,8,1000", "1,3,7,1001",
        "1,3,5,3", "1,4,8,5000", "1,4,7,777", "1,4,5,4", "2,2,8,85002", "2,2,7,1234", "2,2,5,2",
        "3,2,8,999", "3,2,7,1000", "3,2,5,100", "1,4,4,2", "2,1,1,10"
    })
    void sumsAreTheSameOnEveryMesh(int replicas, int shards, int microshards, int elements)
            throws Exception {
        try (CollectiveMesh mesh =
                new CollectiveMesh(folder, replicas, shards, microshards, elements)) {
            mesh.configure(1);
            steps(mesh, 1, 1, 3, new Random(elements));
        }
    }

    @Test
    void longShardsAreReducedInStretches() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 1, 3, 3 * (1 << 18) + 17)) {
            mesh.configure(1);
            steps(mesh, 1, 1, 2, new Random(1));
        }
    }

    @Test
    void moreStretchesThanTheWindowAreReduced() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 1, 2, 2, 2 * 18 * (1 << 18) + 5)) {
            mesh.configure(1);
            step(mesh, 1, 1, new Random(2));
        }
    }

    @Test
    void cutConnectionsDoNotLoseAStep() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 2, 8, 300_000)) {
            mesh.configure(1);
            Random random = new Random(3);
            step(mesh, 1, 1, random);
            for (int step = 2; step < 12; step++) {
                int cut = step;
                mesh.node(step % 4).cutConnections();
                Thread cutter =
                        Thread.ofVirtual().start(() -> mesh.node((cut + 1) % 4).cutConnections());
                step(mesh, 1, step, random);
                cutter.join();
            }
        }
    }

    @Test
    void theFloorIsTheLeastAcknowledgedStepAndTimesAreByRank() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 1, 3, 6, 30)) {
            mesh.configure(4);
            mesh.gradients(new Random(1));
            for (int rank = 0; rank < 3; rank++) {
                mesh.node(rank).collective.reduce(4, 10, new float[2], 9 - rank, 100 + rank);
            }
            for (int rank = 0; rank < 3; rank++) {
                CollectiveMesh.Told told = mesh.node(rank).next();
                assertThat(told).isInstanceOf(CollectiveMesh.Told.Reduced.class);
                var reduced = (CollectiveMesh.Told.Reduced) told;
                assertThat(reduced.floor()).isEqualTo(7);
                assertThat(reduced.nanos()).containsExactly(100L, 101L, 102L);
            }
        }
    }

    @Test
    void itIsSaidWhoIsWaitedFor() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 2, 4, 100)) {
            mesh.configure(1);
            mesh.gradients(new Random(1));
            for (int rank : new int[] {0, 1, 3}) {
                mesh.node(rank).collective.reduce(1, 1, new float[1], 0, 0);
            }
            await(() -> mesh.node(0).collective.waitingForRanks().equals(Set.of(2)));
            assertThat(mesh.node(0).collective.busy()).isTrue();
            assertThat(mesh.node(2).collective.waitingForRanks()).isEmpty();
            mesh.node(2).collective.reduce(1, 1, new float[1], 0, 0);
            for (int rank = 0; rank < 4; rank++) {
                assertThat(mesh.node(rank).next()).isInstanceOf(CollectiveMesh.Told.Reduced.class);
            }
            assertThat(mesh.node(0).collective.waitingForRanks()).isEmpty();
        }
    }

    @Test
    void messagesOfAViewNotEnteredYetWait() throws Exception {
        // Room for one frame only: the others' connections are not read until the view is entered.
        DataPlaneSettings base = DataPlaneSettings.loopback();
        DataPlaneSettings tight =
                new DataPlaneSettings(
                        base.bindHost(),
                        0,
                        base.advertisedHost(),
                        0,
                        0,
                        0,
                        50_000,
                        base.stallNanos());
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 3, 1, 3, 10_000, tight)) {
            Random random = new Random(5);
            float[][] gradients = mesh.gradients(random);
            for (int rank = 1; rank < 3; rank++) {
                mesh.node(rank).collective.configure(mesh.view(7, rank));
                mesh.node(rank).collective.reduce(7, 1, new float[1], 0, 0);
            }
            // Rank 0 sees their contributions before it knows of the view.
            await(() -> mesh.node(1).collective.waitingForRanks().equals(Set.of(0)));
            mesh.node(0).collective.configure(mesh.view(7, 0));
            mesh.node(0).collective.reduce(7, 1, new float[1], 0, 0);
            for (int rank = 0; rank < 3; rank++) {
                assertThat(mesh.node(rank).next()).isInstanceOf(CollectiveMesh.Told.Reduced.class);
                checkReduced(mesh, rank, gradients);
            }
        }
    }

    @Test
    void anAbortedEpochIsSilentAndTheNextOneWorks() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 2, 8, 50_000)) {
            mesh.configure(1);
            Random random = new Random(9);
            step(mesh, 1, 1, random);
            mesh.gradients(random);
            for (int rank = 0; rank < 3; rank++) {
                mesh.node(rank).collective.reduce(1, 2, new float[2], 0, 0);
            }
            for (CollectiveMesh.Node node : mesh.nodes) {
                node.collective.abort("job", 2).toCompletableFuture().get(10, TimeUnit.SECONDS);
                assertThat(node.collective.busy()).isFalse();
            }
            // Late words of the old epoch, also by a member that missed the fence.
            mesh.node(3).collective.reduce(1, 2, new float[2], 0, 0);
            mesh.node(0).collective.gather(1, 2);
            mesh.configure(1);
            mesh.configure(3);
            steps(mesh, 3, 2, 3, random);
            assertThat(mesh.nodes).allSatisfy(node -> assertThat(node.told).isEmpty());
        }
    }

    @Test
    void messagesOfAnOlderEpochAreDropped() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 1, 2, 100)) {
            // Rank 1 missed the fence and goes on in view 1.
            mesh.node(0).collective.configure(mesh.view(2, 0));
            mesh.node(1).collective.configure(mesh.view(1, 1));
            mesh.gradients(new Random(1));
            mesh.node(0).collective.reduce(2, 1, new float[1], 0, 0);
            mesh.node(1).collective.reduce(1, 1, new float[1], 0, 0);
            await(() -> mesh.node(1).collective.waitingForRanks().equals(Set.of(0)));
            assertThat(mesh.node(0).told.poll(200, TimeUnit.MILLISECONDS)).isNull();
            assertThat(mesh.node(0).collective.waitingForRanks()).containsExactly(1);
            mesh.node(1).collective.configure(mesh.view(2, 1));
            mesh.node(1).collective.reduce(2, 1, new float[1], 0, 0);
            assertThat(mesh.node(0).next()).isInstanceOf(CollectiveMesh.Told.Reduced.class);
            assertThat(mesh.node(1).next()).isInstanceOf(CollectiveMesh.Told.Reduced.class);
        }
    }

    @Test
    void epochsOfTheNextJobBeginAnew() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 1, 2, 100)) {
            Random random = new Random(1);
            mesh.configure(9);
            steps(mesh, 9, 1, 2, random);
            mesh.node(0).collective.abort("job", 10);
            mesh.jobId = "next";
            float[][] gradients = mesh.gradients(random);
            // Rank 1 is in the next job before rank 0 has heard of it.
            mesh.node(1).collective.configure(mesh.view(1, 1));
            mesh.node(1).collective.reduce(1, 1, new float[1], 0, 0);
            await(() -> mesh.node(1).collective.waitingForRanks().equals(Set.of(0)));
            mesh.node(0).collective.configure(mesh.view(1, 0));
            mesh.node(0).collective.reduce(1, 1, new float[1], 0, 0);
            for (int rank = 0; rank < 2; rank++) {
                assertThat(mesh.node(rank).next()).isInstanceOf(CollectiveMesh.Told.Reduced.class);
                checkReduced(mesh, rank, gradients);
            }
            // The one before is over, up to where it was: the view of the next one stands.
            mesh.jobId = "job";
            mesh.configure(9);
            mesh.node(0).collective.reduce(9, 3, new float[1], 0, 0);
            mesh.jobId = "next";
            steps(mesh, 1, 2, 2, random);
            // A later job may have its id again.
            mesh.jobId = "job";
            mesh.configure(11);
            steps(mesh, 11, 1, 2, random);
            assertThat(mesh.nodes).allSatisfy(node -> assertThat(node.told).isEmpty());
        }
    }

    @Test
    void aDeadPeerIsReportedAtOnce() throws Exception {
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 1, 2, 100)) {
            mesh.configure(1);
            step(mesh, 1, 1, new Random(1));
            mesh.node(1).plane.close();
            CollectiveMesh.Told told = mesh.node(0).told.poll(5, TimeUnit.SECONDS);
            assertThat(told).isInstanceOf(CollectiveMesh.Told.Unreachable.class);
            assertThat(((CollectiveMesh.Told.Unreachable) told).rank()).isEqualTo(1);
        }
    }

    private static void steps(CollectiveMesh mesh, long epoch, int first, int last, Random random)
            throws InterruptedException {
        for (int step = first; step <= last; step++) {
            step(mesh, epoch, step, random);
        }
    }

    /** One whole step on all ranks, checked bit by bit. */
    private static void step(CollectiveMesh mesh, long epoch, int step, Random random)
            throws InterruptedException {
        int ranks = mesh.nodes.size();
        float[][] gradients = mesh.gradients(random);
        float[] losses = new float[mesh.microshards];
        for (int m = 0; m < losses.length; m++) {
            losses[m] = random.nextFloat() * 100;
        }
        for (int rank = 0; rank < ranks; rank++) {
            mesh.node(rank).collective.reduce(epoch, step, mesh.losses(rank, losses), step, step);
        }
        float[][] leaves = new float[losses.length][];
        for (int m = 0; m < losses.length; m++) {
            leaves[m] = new float[] {losses[m]};
        }
        double expectedLoss = CollectiveMesh.treeSum(leaves)[0];
        for (int rank = 0; rank < ranks; rank++) {
            CollectiveMesh.Told told = mesh.node(rank).next();
            assertThat(told).isInstanceOf(CollectiveMesh.Told.Reduced.class);
            var reduced = (CollectiveMesh.Told.Reduced) told;
            assertThat(reduced.step()).isEqualTo(step);
            assertThat(reduced.epoch()).isEqualTo(epoch);
            assertThat(reduced.loss()).isEqualTo(expectedLoss);
            checkReduced(mesh, rank, gradients);
            // What stands for the update: the own shard's parameters become the sum.
            int shard = rank % mesh.shards;
            long begin = mesh.bounds.get(shard);
            int count = (int) (mesh.bounds.get(shard + 1) - begin);
            float[] sum = new float[count];
            mesh.node(rank).region.reduced().read(0, sum, 0, count);
            mesh.node(rank).region.parameters().write(begin, sum, 0, count);
            mesh.node(rank).collective.gather(epoch, step);
        }
        float[] all = CollectiveMesh.treeSum(gradients);
        for (int rank = 0; rank < ranks; rank++) {
            assertThat(mesh.node(rank).next())
                    .isEqualTo(new CollectiveMesh.Told.Gathered(epoch, step));
            float[] parameters = new float[all.length];
            mesh.node(rank).region.parameters().read(0, parameters, 0, all.length);
            assertThat(Arrays.equals(parameters, all))
                    .as("parameters of rank %d after step %d", rank, step)
                    .isTrue();
        }
    }

    private static void checkReduced(CollectiveMesh mesh, int rank, float[][] gradients) {
        float[] all = CollectiveMesh.treeSum(gradients);
        int shard = rank % mesh.shards;
        int begin = Math.toIntExact(mesh.bounds.get(shard));
        int end = Math.toIntExact(mesh.bounds.get(shard + 1));
        float[] actual = new float[end - begin];
        mesh.node(rank).region.reduced().read(0, actual, 0, actual.length);
        assertThat(Arrays.equals(actual, Arrays.copyOfRange(all, begin, end)))
                .as("reduced gradient of rank %d", rank)
                .isTrue();
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time is up").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
