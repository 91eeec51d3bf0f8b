package io.coxswain.agent.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.LongStream;

/** Many machines together, under seeded disorder. A failure prints the seed. */
class AgentModelTest {
    private static final int SEEDS = 40;

    /** A mesh, its spares and what happens to it. */
    private record Scene(int replicas, int shards, int spares, int copies, long steps) {
        ModelCluster run(long seed, ModelCluster.Disturbance disturbance) {
            ModelCluster cluster = new ModelCluster(seed, replicas, shards, spares, copies, steps);
            try {
                cluster.run(disturbance);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + " of " + this + ": " + e.getMessage(), e);
            }
            return cluster;
        }
    }

    private static final List<Scene> SCENES =
            List.of(
                    new Scene(2, 2, 1, 1, 40),
                    new Scene(1, 4, 1, 1, 40),
                    new Scene(1, 3, 2, 2, 40),
                    new Scene(3, 1, 0, 1, 40));

    @Test
    void withoutFaultsOneViewMakesAllSteps() {
        for (Scene scene : SCENES) {
            ModelCluster cluster = scene.run(1, quiet -> {});
            assertThat(cluster.coordinator.views).isEqualTo(1);
            assertThat(cluster.coordinator.newestFloor).isGreaterThan(scene.steps() / 2);
        }
    }

    @Test
    void fencesAtRandomPointsChangeNoState() {
        for (Scene scene : SCENES) {
            int views = 0;
            for (long seed : LongStream.range(0, SEEDS).toArray()) {
                int[] left = {6};
                ModelCluster cluster =
                        scene.run(
                                seed,
                                c -> {
                                    if (left[0] > 0
                                            && c.coordinator.hasView()
                                            && c.random.nextInt(400) == 0) {
                                        left[0]--;
                                        c.coordinator.fence("at random");
                                    }
                                });
                views += cluster.coordinator.views;
            }
            assertThat(views).isGreaterThan(2 * SEEDS);
        }
    }

    @Test
    void dyingWorkersChangeNoState() {
        for (Scene scene : SCENES) {
            for (long seed : LongStream.range(100, 100 + SEEDS).toArray()) {
                int[] left = {5};
                scene.run(
                        seed,
                        c -> {
                            if (left[0] > 0
                                    && c.coordinator.isActive()
                                    && c.random.nextInt(500) == 0) {
                                ModelNode victim = c.nodes.get(c.random.nextInt(c.nodes.size()));
                                // One at a time: a live state without a snapshot has its worker as
                                // its only home.
                                if (c.nodes.stream()
                                        .allMatch(node ->
                                                !node.alive
                                                        || node.machine.phase() != Phase.WARMING)) {
                                    left[0]--;
                                    victim.killWorker();
                                }
                            }
                        });
            }
        }
    }

    @Test
    void aDyingHostIsReplacedWithoutLosingAProtectedStep() {
        for (Scene scene : SCENES) {
            if (scene.spares() == 0) {
                continue;
            }
            for (long seed : LongStream.range(200, 200 + SEEDS).toArray()) {
                int[] left = {scene.spares()};
                int[] fences = {3};
                ModelCluster cluster =
                        scene.run(
                                seed,
                                c -> {
                                    if (c.coordinator.isActive()
                                            && left[0] > 0
                                            && c.random.nextInt(600) == 0) {
                                        ModelNode victim =
                                                c.coordinator
                                                        .members()
                                                        .get(
                                                                c.random.nextInt(
                                                                        c.coordinator
                                                                                .members()
                                                                                .size()));
                                        if (c.coordinator.survivesLossOf(victim)) {
                                            left[0]--;
                                            c.coordinator.killAgent(victim);
                                        }
                                    } else if (c.coordinator.hasView()
                                            && fences[0] > 0
                                            && c.random.nextInt(800) == 0) {
                                        fences[0]--;
                                        c.coordinator.fence("at random");
                                    }
                                });
                assertThat(cluster.coordinator.finals).hasSize(scene.replicas() * scene.shards());
            }
        }
    }

    @Test
    void everyFloorSurvivesTheLossOfAnyHost() {
        for (Scene scene : SCENES) {
            for (long seed : LongStream.range(300, 300 + SEEDS / 2).toArray()) {
                int[] asked = {0};
                scene.run(
                        seed,
                        c -> {
                            if (c.coordinator.isActive() && c.random.nextInt(20) == 0) {
                                asked[0]++;
                                for (ModelNode node : c.nodes) {
                                    if (!c.coordinator.survivesLossOf(node)) {
                                        fail(
                                                "floor %d does not survive the loss of %s",
                                                c.coordinator.newestFloor, node.peer.key());
                                    }
                                }
                            }
                        });
                assertThat(asked[0]).isGreaterThan(10);
            }
        }
    }

    @Test
    void theSameSeedTellsTheSameStory() {
        Scene scene = SCENES.getFirst();
        ModelCluster.Disturbance fences =
                c -> {
                    if (c.coordinator.hasView()
                            && c.coordinator.views < 5
                            && c.random.nextInt(300) == 0) {
                        c.coordinator.fence("at random");
                    }
                };
        ModelCluster first = scene.run(7, fences);
        ModelCluster second = scene.run(7, fences);
        assertThat(first.now).isEqualTo(second.now);
        assertThat(first.coordinator.targets).isEqualTo(second.coordinator.targets);
    }
}
