package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.network.Plane;
import io.coxswain.chaos.simulation.process.ProtocolPhase;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.process.World;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.chaos.simulation.worker.SimWorker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Does faults to a world, each with its healing. */
final class Injector {
    private static final List<Plane> ALL = List.of(Plane.values());
    private static final long NO_SURPRISE_NANOS = 1_900_000_000L;
    private static final int FLAPS = 4;

    private final World world;
    private final Coverage coverage;
    private final List<Fault> armed = new ArrayList<>();
    private final ArrayDeque<Runnable> healings = new ArrayDeque<>();

    Injector(World world, Coverage coverage) {
        this.world = world;
        this.coverage = coverage;
    }

    /** Plans the faults. */
    void plan(List<Fault> faults) {
        for (Fault fault : faults) {
            world.kernel()
                    .at(
                            fault.atNanos(),
                            "fault",
                            () -> {
                                if (fault.during() == null || fault.during() == world.phase()) {
                                    fire(fault);
                                } else {
                                    armed.add(fault);
                                }
                            });
        }
    }

    /** After every event: faults that waited for a phase. */
    void afterEvent() {
        if (armed.isEmpty()) {
            return;
        }
        ProtocolPhase phase = world.phase();
        for (int i = 0; i < armed.size(); i++) {
            if (armed.get(i).during() == phase) {
                fire(armed.remove(i));
                return;
            }
        }
    }

    /** Heals all there is, and nothing new comes. */
    void healAll() {
        armed.clear();
        while (!healings.isEmpty()) {
            healings.removeFirst().run();
        }
        for (int host = 0; host < world.plan().agents(); host++) {
            world.startAgent(host);
        }
        for (int number = 0; number < world.plan().coordinators(); number++) {
            world.startCoordinator(number);
        }
    }

    private void healLater(Fault fault, int host, Runnable healing) {
        boolean[] done = {false};
        Runnable once =
                () -> {
                    if (!done[0]) {
                        done[0] = true;
                        note("healed", fault);
                        healing.run();
                        if (host >= 0) {
                            world.healed(host);
                        }
                    }
                };
        if (host >= 0) {
            world.hurt(host);
        }
        healings.add(once);
        world.kernel()
                .after(
                        fault.lastsNanos(),
                        "heal",
                        () -> {
                            if (!done[0]) {
                                healings.remove(once);
                                once.run();
                            }
                        });
    }

    private void note(String what, Fault fault) {
        world.kernel().trace().note(world.now(), "nemesis", what, fault.text());
    }

    private void fire(Fault fault) {
        int agents = world.plan().agents();
        int host = fault.target() % agents;
        if (world.isHurt(host) && aimsAtAgent(fault.kind())) {
            return;
        }
        coverage.fired(fault.kind(), world.phase());
        note("fault", fault);
        switch (fault.kind()) {
            case HOST_DEATH -> death(fault, host, true);
            case AGENT_DEATH -> death(fault, host, false);
            case RACK_DEATH -> {
                int rack = host / world.plan().hostsPerRack();
                for (int each = 0; each < agents; each++) {
                    if (each / world.plan().hostsPerRack() == rack && !world.isHurt(each)) {
                        death(fault, each, fault.other() % 2 == 0);
                    }
                }
            }
            case WORKER_DEATH, WORKER_HANG, STRAGGLER -> worker(fault, host);
            case SHORT_PAUSE, LONG_PAUSE -> {
                SimAgent agent = world.agent(host);
                if (agent != null) {
                    if (fault.lastsNanos() > NO_SURPRISE_NANOS) {
                        agent.blameWorker();
                    }
                    agent.pause();
                    healLater(fault, host, agent::resume);
                }
            }
            case PARTITION -> cut(fault, host, true, true, ALL);
            case ONE_WAY -> cut(fault, host, fault.other() % 2 == 0, fault.other() % 2 == 1, ALL);
            case DATA_CUT -> {
                int other = (host + 1 + fault.other() % Math.max(1, agents - 1)) % agents;
                List<Plane> data = List.of(Plane.DATA);
                if (other != host) {
                    world.cut(host, other, data);
                    world.cut(other, host, data);
                    world.hurt(other);
                    healLater(
                            fault,
                            host,
                            () -> {
                                world.heal(host, other, data);
                                world.heal(other, host, data);
                                world.healed(other);
                            });
                }
            }
            case CONTROL_CUT -> cut(fault, host, true, true, List.of(Plane.CONTROL));
            case RESET -> {
                SimAgent agent = world.agent(host);
                if (agent != null) {
                    healLater(fault, host, () -> {});
                    agent.resetConnections();
                }
            }
            case SLOW_LINK -> {
                double factor = 2 + fault.other() % 60;
                slow(host, factor);
                healLater(fault, host, () -> slow(host, 1));
            }
            case LAGGING_COPIES -> {
                world.copySlowness(2 + fault.other() % 100);
                healLater(fault, -1, () -> world.copySlowness(1));
            }
            case BIT_FLIP -> flip(fault, host);
            case SESSION_EXPIRY -> {
                SimAgent agent = world.agent(host);
                if (agent != null) {
                    healLater(fault, host, () -> {});
                    world.zookeeper().expire(agent.session());
                }
            }
            case MASS_EXPIRY -> {
                for (int each = 0; each < agents; each++) {
                    SimAgent agent = world.agent(each);
                    if (agent != null) {
                        world.zookeeper().expire(agent.session());
                    }
                }
            }
            case STORE_OUTAGE -> {
                world.zookeeper().stop();
                healLater(fault, world.storeHost(), () -> world.zookeeper().start());
            }
            case STORE_CUT, COORDINATOR_CRASH, COORDINATOR_PAUSE -> coordinator(fault);
            case FLAPPING -> flap(fault, host);
        }
    }

    private static boolean aimsAtAgent(FaultKind kind) {
        return switch (kind) {
            case HOST_DEATH,
                    AGENT_DEATH,
                    RACK_DEATH,
                    WORKER_DEATH,
                    WORKER_HANG,
                    STRAGGLER,
                    SHORT_PAUSE,
                    LONG_PAUSE,
                    PARTITION,
                    ONE_WAY,
                    DATA_CUT,
                    CONTROL_CUT,
                    RESET,
                    SLOW_LINK,
                    BIT_FLIP,
                    SESSION_EXPIRY,
                    FLAPPING ->
                    true;
            case LAGGING_COPIES,
                    MASS_EXPIRY,
                    STORE_OUTAGE,
                    STORE_CUT,
                    COORDINATOR_CRASH,
                    COORDINATOR_PAUSE ->
                    false;
        };
    }

    private void death(Fault fault, int host, boolean power) {
        healLater(fault, host, () -> world.startAgent(host));
        world.killAgent(host, power);
    }

    private void flap(Fault fault, int host) {
        healLater(fault, host, () -> world.startAgent(host));
        long each = Math.max(1, fault.lastsNanos() / FLAPS);
        for (int i = 0; i < FLAPS; i++) {
            world.kernel()
                    .after(
                            i * each,
                            "flap",
                            () -> {
                                if (world.isHurt(host)) {
                                    world.killAgent(host, false);
                                    world.kernel()
                                            .after(
                                                    each / 3,
                                                    "flap-start",
                                                    () -> {
                                                        if (world.isHurt(host)) {
                                                            world.startAgent(host);
                                                        }
                                                    });
                                }
                            });
        }
    }

    private void worker(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        SimWorker worker = agent == null ? null : agent.worker();
        if (agent == null || worker == null) {
            return;
        }
        agent.blameWorker();
        switch (fault.kind()) {
            case WORKER_DEATH -> {
                healLater(fault, host, () -> {});
                worker.die("signal 9");
            }
            case WORKER_HANG -> {
                healLater(fault, host, () -> {});
                worker.hang();
            }
            default -> {
                worker.slowness(3 + fault.other() % 20);
                healLater(fault, host, () -> worker.slowness(1));
            }
        }
    }

    private void cut(Fault fault, int host, boolean out, boolean in, List<Plane> planes) {
        for (int other = 0; other < world.hosts(); other++) {
            if (other != host) {
                if (out) {
                    world.cut(host, other, planes);
                }
                if (in) {
                    world.cut(other, host, planes);
                }
            }
        }
        healLater(
                fault,
                host,
                () -> {
                    for (int other = 0; other < world.hosts(); other++) {
                        if (other != host) {
                            if (out) {
                                world.heal(host, other, planes);
                            }
                            if (in) {
                                world.heal(other, host, planes);
                            }
                        }
                    }
                });
    }

    private void slow(int host, double factor) {
        for (int other = 0; other < world.hosts(); other++) {
            if (other != host) {
                world.network().slow(host, other, factor);
                world.network().slow(other, host, factor);
            }
        }
    }

    private void flip(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        List<Arena.Cell> states = agent == null ? List.of() : agent.states();
        if (!states.isEmpty()) {
            healLater(fault, host, () -> {});
            states.get(fault.other() % states.size()).flip();
        }
    }

    private void coordinator(Fault fault) {
        SimCoordinator leader = world.leader();
        if (leader == null || world.isHurt(leader.host())) {
            return;
        }
        int host = leader.host();
        switch (fault.kind()) {
            case STORE_CUT -> {
                List<Plane> store = List.of(Plane.STORE);
                world.cut(host, world.storeHost(), store);
                world.cut(world.storeHost(), host, store);
                healLater(
                        fault,
                        host,
                        () -> {
                            world.heal(host, world.storeHost(), store);
                            world.heal(world.storeHost(), host, store);
                        });
            }
            case COORDINATOR_CRASH -> {
                leader.crashAfter(1 + fault.other() % 12);
                int number = host - world.plan().agents();
                healLater(
                        fault,
                        host,
                        () -> {
                            leader.kill();
                            world.startCoordinator(number);
                        });
            }
            default -> {
                leader.pause();
                healLater(fault, host, leader::resume);
            }
        }
    }
}
