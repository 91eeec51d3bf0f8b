package io.coxswain.coordinator.core.placement;

import static io.coxswain.coordinator.core.model.Samples.MB;
import static io.coxswain.coordinator.core.model.Samples.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StateLayout;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whatever happened before, a plan that goes on from the one before is the plan that is made from
 * nothing.
 */
class PlacementMemoryTest {
    private static final int SEQUENCES = 120;
    private static final int CHANGES = 25;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aPlanThatGoesOnIsThatMadeFromNothing(long seed) {
        var random = new Random(seed);
        int moved = 0;
        int lacking = 0;
        int stayed = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            var story = new Story(random);
            for (int k = 0; k < CHANGES; k++) {
                story.happens();
                PlacementProblem problem = story.problem();
                PlacementDecision decision = PlacementPlanner.plan(problem, story.memory);
                assertThat(decision)
                        .as("seed %d, sequence %d, change %d", seed, i, k)
                        .isEqualTo(PlacementPlanner.plan(problem));
                Placement previous = story.previous;
                boolean same =
                        previous != null && decision.placement().duties().equals(previous.duties());
                moved += same ? 0 : 1;
                stayed += same ? 1 : 0;
                lacking += decision.deficits().isEmpty() ? 0 : 1;
                story.planned(decision.placement(), same);
            }
        }
        assertThat(moved).isGreaterThan(500);
        assertThat(stayed).isGreaterThan(200);
        assertThat(lacking).isGreaterThan(200);
    }

    /** A job's agents come, go and change ranks. */
    private static final class Story {
        private final Random random;
        private final JobSpec job;
        private final int racks;
        private final long most;
        private final List<AgentProfile> members = new ArrayList<>();
        private final List<AgentProfile> spares = new ArrayList<>();
        private final Map<AgentKey, Set<Integer>> held = new HashMap<>();
        final PlacementMemory memory;
        private StateLayout layout;
        @Nullable Placement previous;
        private int named;
        private long epoch = 1;
        private long version;

        Story(Random random) {
            this.random = random;
            int level = random.nextInt(3);
            job =
                    Samples.job(
                            1 + random.nextInt(3), 1 + random.nextInt(9), random.nextInt(4), level);
            memory = new PlacementMemory(level);
            racks = 2 + random.nextInt(5);
            most = 600L + 300L * random.nextInt(5);
            layout = layout();
            for (int i = 0; i < job.mesh().ranks(); i++) {
                members.add(someone());
            }
            for (int i = random.nextInt(5); i > 0; i--) {
                spares.add(someone());
            }
        }

        private StateLayout layout() {
            StateLayout even = Samples.layout(job.mesh().shards());
            if (random.nextBoolean()) {
                return even;
            }
            var bytes = new ArrayList<Long>();
            for (int shard = 0; shard < job.mesh().shards(); shard++) {
                bytes.add((40L + 30L * random.nextInt(4)) * MB);
            }
            return new StateLayout(
                    even.parameterElements(),
                    even.shardBegin(),
                    bytes,
                    even.shardRegionBytes(),
                    even.fingerprint(),
                    even.deterministic());
        }

        private AgentProfile someone() {
            int rack = random.nextInt(racks);
            String path =
                    random.nextInt(60) == 0
                            ? "pod" + rack % 2 + "/row0/cage1/rack" + rack
                            : "pod" + rack % 2 + "/rack" + rack;
            return agent("a" + named++, path, budget());
        }

        private long budget() {
            return random.nextInt(15) == 0
                    ? 300 * MB
                    : (400 + random.nextLong(most / 100) * 100) * MB;
        }

        void happens() {
            for (int i = random.nextInt(3); i >= 0; i--) {
                change();
            }
        }

        private void change() {
            int rank = random.nextInt(members.size());
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> {
                    epoch++;
                    members.set(rank, spares.isEmpty() ? someone() : spares.remove(any(spares)));
                }
                case 3 -> {
                    epoch++;
                    Collections.swap(members, rank, random.nextInt(members.size()));
                }
                case 4 -> {
                    epoch++;
                    AgentProfile leaves = members.set(rank, someone());
                    spares.add(leaves);
                }
                case 5, 6, 7 -> spares.add(someone());
                case 8 -> {
                    if (!spares.isEmpty()) {
                        spares.remove(any(spares));
                    }
                }
                case 9 -> members.set(rank, withBudget(members.get(rank), 0));
                case 10 -> {
                    if (!spares.isEmpty()) {
                        int spare = any(spares);
                        spares.set(spare, withBudget(spares.get(spare), budget()));
                    }
                }
                default -> {
                    if (random.nextInt(10) == 0) {
                        layout = layout();
                    }
                }
            }
        }

        private int any(List<AgentProfile> of) {
            return random.nextInt(of.size());
        }

        private static AgentProfile withBudget(AgentProfile agent, long bytes) {
            return new AgentProfile(agent.key(), agent.dataEndpoint(), agent.domain(), bytes);
        }

        PlacementProblem problem() {
            Collections.shuffle(spares, random);
            return new PlacementProblem(
                    job,
                    layout,
                    Samples.view(epoch, job.mesh(), members),
                    spares,
                    held,
                    previous,
                    ++version);
        }

        /** The placement takes effect, or its view is abandoned; holders get what they hold. */
        void planned(Placement placement, boolean same) {
            if (random.nextInt(8) == 0 || (same && random.nextBoolean())) {
                return;
            }
            previous = placement;
            held.clear();
            for (CopyDuty duty : placement.duties()) {
                if (random.nextInt(3) > 0) {
                    held.computeIfAbsent(duty.holder().key(), _ -> new TreeSet<>())
                            .add(duty.shard());
                }
            }
        }
    }
}
