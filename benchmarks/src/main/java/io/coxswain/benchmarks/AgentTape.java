package io.coxswain.benchmarks;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.Phase;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.kernel.Trace;
import io.coxswain.chaos.simulation.process.ClusterPlan;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.World;
import io.coxswain.coordinator.core.model.Mesh;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What one agent's machine was told in a simulated cluster of both production cores: 8 ranks, 2
 * replicas of 4 shards, one copy with a peer, 2 spares, steps of about 10 ms.
 *
 * @param atNanos when each event came, by the agent's clock
 * @param phase where the machine stood after the last event; {@code live} and {@code floor}
 *     likewise
 */
record AgentTape(
        AgentKey self,
        List<AgentEvent> events,
        List<Long> atNanos,
        Phase phase,
        @Nullable StateName live,
        long floor) {
    private static final long MILLI = 1_000_000L;
    private static final long RESTART = 500 * MILLI;
    private static final Mesh MESH = new Mesh(2, 4);
    private static final ClusterPlan CLUSTER =
            new ClusterPlan(
                    MESH,
                    2,
                    1,
                    1,
                    Long.MAX_VALUE / 4,
                    MESH.ranks(),
                    32 * MESH.ranks(),
                    2,
                    1,
                    1,
                    true,
                    10 * MILLI,
                    300 * MILLI,
                    MILLI / 5,
                    MILLI / 20,
                    4 * MILLI,
                    false);

    /** What one incarnation was told. */
    private static final class Reel {
        final SimAgent agent;
        final List<AgentEvent> events = new ArrayList<>();
        final List<Long> atNanos = new ArrayList<>();
        int steps;

        Reel(SimAgent agent) {
            this.agent = agent;
        }
    }

    /** Plays the cluster until the rank that lived longest heard at least so many events. */
    static AgentTape record(Scene scene, int atLeast) {
        var reels = new TreeMap<String, Reel>();
        var world =
                new World(
                        CLUSTER,
                        new Randomness(1).split("benchmark"),
                        new Trace(null),
                        new Interceptor() {
                            @Override
                            public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
                                Reel reel =
                                        reels.computeIfAbsent(
                                                agent.toString(), name -> new Reel(agent));
                                reel.events.add(event);
                                reel.steps += event instanceof AgentEvent.Executed ? 1 : 0;
                                reel.atNanos.add(agent.clock());
                                return List.of(event);
                            }
                        });
        if (scene.hasDeaths()) {
            world.kernel()
                    .after(
                            scene.betweenDeathsNanos(),
                            "die",
                            () -> die(world, scene.betweenDeathsNanos(), 1));
        }
        while (true) {
            if (!world.kernel().step(Long.MAX_VALUE)) {
                throw new IllegalStateException("nothing is due any more");
            }
            Reel reel = longest(reels.values());
            if (reel != null && reel.events.size() >= atLeast) {
                AgentMachine machine = reel.agent.machine();
                return new AgentTape(
                        reel.agent.peer().key(),
                        List.copyOf(reel.events),
                        List.copyOf(reel.atNanos),
                        machine.phase(),
                        machine.live(),
                        machine.floor());
            }
        }
    }

    /**
     * The agent of the next host after the first dies and comes back; then it is the next's turn.
     */
    private static void die(World world, long betweenNanos, int host) {
        world.hurt(host);
        world.killAgent(host, false);
        world.kernel()
                .after(
                        RESTART,
                        "return",
                        () -> {
                            world.startAgent(host);
                            world.healed(host);
                        });
        int following = host + 1 == CLUSTER.agents() ? 1 : host + 1;
        world.kernel()
                .after(RESTART + betweenNanos, "die", () -> die(world, betweenNanos, following));
    }

    private static @Nullable Reel longest(Iterable<Reel> reels) {
        Reel longest = null;
        for (Reel reel : reels) {
            if (reel.agent.isAlive() && reel.steps > (longest == null ? 0 : longest.steps)) {
                longest = reel;
            }
        }
        return longest;
    }

    /** A machine that was told nothing yet. */
    AgentMachine begin() {
        return new AgentMachine(self, AgentLimits.DEFAULT);
    }

    /**
     * @throws IllegalStateException unless {@code machine} stands where the recorded one stood at
     *     the end
     */
    void checkEnd(AgentMachine machine) {
        if (machine.phase() != phase
                || machine.floor() != floor
                || !Objects.equals(machine.live(), live)) {
            throw new IllegalStateException(
                    "the machine ended "
                            + machine.phase()
                            + " with "
                            + machine.live()
                            + " and floor "
                            + machine.floor()
                            + "; recorded were "
                            + phase
                            + ", "
                            + live
                            + " and "
                            + floor
                            + ": it did not decide as it did when it was recorded");
        }
    }
}
