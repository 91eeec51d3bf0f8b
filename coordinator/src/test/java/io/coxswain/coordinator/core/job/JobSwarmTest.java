package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Seeded faults in any order, messages of different agents in any interleaving; {@link JobStory}
 * checks the invariants after every event. Then the faults stop, and the job must end: completed
 * with the state of an undisturbed run, or failed with the name of what was lost.
 */
final class JobSwarmTest {
    /** More by {@code -Dcoxswain.swarm.seeds=N}. */
    private static final int SEEDS = Integer.getInteger("coxswain.swarm.seeds", 150);

    /** One seed's cluster and faults. */
    private static final class Swarm {
        private final Random random;
        private final JobStory story;
        private final List<String> trace = new ArrayList<>();
        private int traced;

        Swarm(long seed) {
            random = new Random(seed);
            int[][] meshes = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {1, 4}, {3, 2}};
            int[] mesh = meshes[random.nextInt(meshes.length)];
            int copies = random.nextInt(3);
            story = new JobStory(mesh[0], mesh[1], copies, 40 + random.nextInt(200));
            int agents = mesh[0] * mesh[1] + random.nextInt(4);
            for (int i = 0; i < agents; i++) {
                story.comes("a" + i, random.nextInt(8) != 0);
            }
        }

        void run() {
            for (int i = 0; i < 400 && !story.machine.phase().over(); i++) {
                act();
                for (int k = random.nextInt(12); k > 0; k--) {
                    deliverOne();
                }
                note();
            }
            heal();
            story.finish();
            note();
            if (story.machine.phase() == JobPhase.FAILED) {
                JobResult result = story.machine.result();
                assertThat(String.valueOf(result))
                        .containsAnyOf("state is lost for good", "cannot be protected as asked");
                story.accountIsExact();
            } else {
                story.isCompletedAsUndisturbed();
            }
        }

        private void note() {
            for (; traced < story.effects.size(); traced++) {
                trace.add(String.valueOf(story.effects.get(traced)));
            }
        }

        private void deliverOne() {
            var sources = new ArrayList<AgentKey>(story.inbox.keySet());
            if (!sources.isEmpty()) {
                story.deliverFrom(sources.get(random.nextInt(sources.size())));
            }
        }

        private void act() {
            int dice = random.nextInt(100);
            if (dice < 70) {
                story.stepOnce(Set.of());
            } else if (dice < 72) {
                SimAgent victim = any();
                if (victim != null && story.members().contains(victim)) {
                    story.stepOnce(Set.of(victim.rank));
                    story.dies(victim);
                }
            } else if (dice < 75) {
                SimAgent victim = any();
                if (victim != null) {
                    story.dies(victim);
                }
            } else if (dice < 78) {
                SimAgent victim = any();
                if (victim != null && victim.worker) {
                    story.workerDies(victim);
                }
            } else if (dice < 84) {
                wakeWorkers();
            } else if (dice < 88) {
                story.comes("b" + random.nextInt(4), true);
            } else if (dice < 89) {
                comeBack();
            } else if (dice < 91) {
                story.copiesLag = !story.copiesLag;
            } else if (dice < 92) {
                SimAgent victim = any();
                if (victim != null) {
                    victim.silent = !victim.silent;
                    if (!victim.silent) {
                        // What it missed was lost with its stream; a new stream begins with Attach.
                        story.from(
                                victim.key,
                                new JobEvent.AgentAttached(victim.profile, victim.inventory()));
                    }
                }
            } else if (dice < 94) {
                SimAgent again = any();
                if (again != null && !again.silent) {
                    story.from(
                            again.key,
                            new JobEvent.AgentAttached(again.profile, again.inventory()));
                }
            } else if (dice < 95) {
                damage();
            } else if (dice < 96) {
                accuse();
            } else {
                story.pass(random.nextInt(2_000) * JobStory.MILLI);
            }
        }

        private @Nullable SimAgent any() {
            var up = story.agents.values().stream().filter(agent -> agent.up).toList();
            return up.isEmpty() ? null : up.get(random.nextInt(up.size()));
        }

        private void wakeWorkers() {
            for (SimAgent agent : story.agents.values()) {
                if (agent.up && !agent.worker && !agent.silent) {
                    agent.worker = true;
                    agent.live = null;
                    agent.sayReady();
                }
            }
        }

        private void comeBack() {
            for (SimAgent agent : List.copyOf(story.agents.values())) {
                boolean taken =
                        story.agents.values().stream()
                                .anyMatch(
                                        other -> other.up && other.key.id().equals(agent.key.id()));
                if (!agent.up && !taken) {
                    story.comesBackWithArena(agent);
                    return;
                }
            }
        }

        private void damage() {
            SimAgent agent = any();
            if (agent != null && !agent.copies.isEmpty()) {
                story.corrupt.add(new JobStory.Instance(agent.key, agent.copies.lastKey()));
            }
        }

        private void accuse() {
            var members = story.members();
            if (members.size() > 1) {
                story.from(
                        members.getFirst().key,
                        new JobEvent.LinkAccused(
                                members.getFirst().key,
                                members.getLast().key,
                                JobTransitionsTest.epochOf(story),
                                "timed out"));
            }
        }

        private void heal() {
            story.copiesLag = false;
            story.settle();
            for (SimAgent agent : List.copyOf(story.agents.values())) {
                if (agent.up && agent.silent) {
                    agent.silent = false;
                    story.from(
                            agent.key,
                            new JobEvent.AgentAttached(agent.profile, agent.inventory()));
                }
            }
            story.settle();
            wakeWorkers();
            for (int i = 0; i < story.spec.mesh().ranks(); i++) {
                story.comes("c" + i, true);
            }
            story.settle();
        }
    }

    @Test
    void faultsInAnyOrderNeverBreakAnInvariant() {
        int completed = 0;
        long recoveries = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var swarm = new Swarm(seed);
            try {
                swarm.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed "
                                + seed
                                + ": "
                                + e.getMessage()
                                + "\n"
                                + String.join("\n", swarm.story.machine.history()),
                        e);
            }
            completed += swarm.story.machine.phase() == JobPhase.COMPLETED ? 1 : 0;
            recoveries += swarm.story.machine.incidents().size();
        }
        assertThat(completed).as("jobs that survived").isGreaterThan(SEEDS / 2);
        assertThat(recoveries).as("the swarm must have teeth").isGreaterThan(2L * SEEDS);
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        for (long seed = 1; seed <= 20; seed++) {
            var one = new Swarm(seed);
            one.run();
            var two = new Swarm(seed);
            two.run();
            assertThat(one.trace.hashCode()).isEqualTo(two.trace.hashCode());
            assertThat(one.trace).isEqualTo(two.trace);
        }
    }
}
