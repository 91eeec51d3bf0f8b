package io.coxswain.chaos.simulation.swarm;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.chaos.simulation.network.Plane;
import io.coxswain.chaos.simulation.process.ProtocolPhase;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.process.World;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.chaos.simulation.worker.SimWorker;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Does faults to a world, each with its healing. */
final class Injector {
    private static final List<Plane> ALL = List.of(Plane.values());
    private static final long NO_SURPRISE_NANOS = 1_900_000_000L;
    private static final int FLAPS = 4;
    private static final int MOST_RARE_FLIP = 8;
    private static final int NO_HOST = -1;

    private final World world;
    private final Coverage coverage;
    private final boolean patient;
    private final List<Fault> armed = new ArrayList<>();
    private final ArrayDeque<Runnable> healings = new ArrayDeque<>();

    /**
     * @param patient a fault that finds nobody in the phase that it waited for goes on waiting;
     *     else it is spent
     */
    Injector(World world, Coverage coverage, boolean patient) {
        this.patient = patient;
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
                                if (fault.during() != null && fault.during() != world.phase()) {
                                    armed.add(fault);
                                } else if (!fire(fault) && fault.during() != null && patient) {
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
                if (fire(armed.get(i)) || !patient) {
                    armed.remove(i);
                    return;
                }
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

    // Says that it comes and when it heals.
    private void begin(Fault fault, int host, Runnable healing) {
        note("fault", fault);
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
        world.kernel().trace().turn(world.now(), "nemesis", what, fault.text());
    }

    /**
     * Does it. False if there is nobody to do it to; then nothing happened, and none is counted.
     */
    private boolean fire(Fault fault) {
        int host = fault.target() % world.plan().agents();
        if (world.isHurt(host) && aimsAtAgent(fault.kind())) {
            return false;
        }
        ProtocolPhase phase = world.phase();
        boolean did =
                switch (fault.kind()) {
                    case HOST_DEATH -> death(fault, host, true);
                    case AGENT_DEATH -> death(fault, host, false);
                    case RACK_DEATH -> rack(fault, host);
                    case WORKER_DEATH, WORKER_HANG, STRAGGLER -> worker(fault, host);
                    case SHORT_PAUSE, LONG_PAUSE -> pause(fault, host);
                    case PARTITION -> cut(fault, host, true, true, ALL);
                    case ONE_WAY ->
                            cut(fault, host, fault.other() % 2 == 0, fault.other() % 2 == 1, ALL);
                    case DATA_CUT -> dataCut(fault, host);
                    case CONTROL_CUT -> cut(fault, host, true, true, List.of(Plane.CONTROL));
                    case RESET -> reset(fault, host);
                    case SLOW_LINK -> slowLink(fault, host);
                    case LAGGING_COPIES -> laggingCopies(fault);
                    case BIT_FLIP -> flip(fault, host);
                    case SESSION_EXPIRY -> expire(fault, host);
                    case MASS_EXPIRY -> massExpiry(fault);
                    case STORE_OUTAGE -> outage(fault);
                    case STORE_CUT,
                            COORDINATOR_CRASH,
                            COORDINATOR_PAUSE,
                            LEADER_SESSION,
                            LEADER_CUT ->
                            coordinator(fault);
                    case FLAPPING -> flap(fault, host);
                    case WIRE_FLIP -> wireFlip(fault, host);
                    case DRAIN -> planned(fault, new Word.Drain("a" + host, "a drill"));
                    case CORDON -> planned(fault, new Word.Cordon("a" + host, "a drill"));
                    case NOTICE -> notice(fault, host);
                };
        if (did) {
            coverage.fired(fault.kind(), phase);
        }
        return did;
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
                    FLAPPING,
                    WIRE_FLIP,
                    NOTICE ->
                    true;
            case LAGGING_COPIES,
                    DRAIN,
                    CORDON,
                    MASS_EXPIRY,
                    STORE_OUTAGE,
                    STORE_CUT,
                    COORDINATOR_CRASH,
                    COORDINATOR_PAUSE,
                    LEADER_SESSION,
                    LEADER_CUT ->
                    false;
        };
    }

    private boolean planned(Fault fault, Word word) {
        world.maintain(word);
        begin(fault, NO_HOST, () -> world.maintain(new Word.Uncordon(word.agent())));
        return true;
    }

    private boolean notice(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        if (agent == null) {
            return false;
        }
        begin(
                fault,
                host,
                () -> {
                    world.killAgent(host, false);
                    world.startAgent(host);
                });
        agent.post(new AgentEvent.NoticeGiven("SIGTERM", fault.lastsNanos()));
        return true;
    }

    private boolean death(Fault fault, int host, boolean power) {
        if (world.agent(host) == null) {
            return false;
        }
        begin(fault, host, () -> world.startAgent(host));
        world.killAgent(host, power);
        return true;
    }

    private boolean rack(Fault fault, int host) {
        int hosts = world.plan().hostsPerRack();
        boolean did = false;
        for (int each = 0; each < world.plan().agents(); each++) {
            if (each / hosts == host / hosts && !world.isHurt(each)) {
                did |= death(fault, each, fault.other() % 2 == 0);
            }
        }
        return did;
    }

    private boolean flap(Fault fault, int host) {
        begin(fault, host, () -> world.startAgent(host));
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
        return true;
    }

    private boolean worker(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        SimWorker worker = agent == null ? null : agent.worker();
        if (agent == null || worker == null) {
            return false;
        }
        agent.blameWorker();
        switch (fault.kind()) {
            case WORKER_DEATH -> {
                begin(fault, host, () -> {});
                worker.die("signal 9");
            }
            case WORKER_HANG -> {
                begin(fault, host, () -> {});
                worker.hang();
            }
            default -> {
                worker.slowness(3 + fault.other() % 20);
                begin(fault, host, () -> worker.slowness(1));
            }
        }
        return true;
    }

    private boolean pause(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        if (agent == null) {
            return false;
        }
        if (fault.lastsNanos() > NO_SURPRISE_NANOS) {
            agent.blameWorker();
        }
        agent.pause();
        begin(fault, host, agent::resume);
        return true;
    }

    private boolean cut(Fault fault, int host, boolean out, boolean in, List<Plane> planes) {
        int hosts = world.hosts();
        between(host, hosts, planes, out, in, world::cut);
        begin(fault, host, () -> between(host, hosts, planes, out, in, world::heal));
        return true;
    }

    /** Something done to one direction between two hosts. */
    @FunctionalInterface
    private interface Link {
        void change(int from, int to, List<Plane> planes);
    }

    // The links of that host to the first of the others, outwards and inwards.
    private static void between(
            int host, int others, List<Plane> planes, boolean out, boolean in, Link link) {
        for (int other = 0; other < others; other++) {
            if (other != host) {
                if (out) {
                    link.change(host, other, planes);
                }
                if (in) {
                    link.change(other, host, planes);
                }
            }
        }
    }

    private boolean dataCut(Fault fault, int host) {
        int agents = world.plan().agents();
        int other = (host + 1 + fault.other() % Math.max(1, agents - 1)) % agents;
        if (other == host) {
            return false;
        }
        List<Plane> data = List.of(Plane.DATA);
        world.cut(host, other, data);
        world.cut(other, host, data);
        world.hurt(other);
        begin(
                fault,
                host,
                () -> {
                    world.heal(host, other, data);
                    world.heal(other, host, data);
                    world.healed(other);
                });
        return true;
    }

    private boolean reset(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        if (agent == null || !agent.isConnected()) {
            return false;
        }
        begin(fault, host, () -> {});
        agent.resetConnections();
        return true;
    }

    private boolean slowLink(Fault fault, int host) {
        slow(host, 2 + fault.other() % 60);
        begin(fault, host, () -> slow(host, 1));
        return true;
    }

    private void slow(int host, double factor) {
        for (int other = 0; other < world.hosts(); other++) {
            if (other != host) {
                world.network().slow(host, other, factor);
                world.network().slow(other, host, factor);
            }
        }
    }

    private boolean laggingCopies(Fault fault) {
        world.copySlowness(2 + fault.other() % 100);
        begin(fault, NO_HOST, () -> world.copySlowness(1));
        return true;
    }

    private boolean flip(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        List<Arena.Cell> states = agent == null ? List.of() : agent.states();
        if (states.isEmpty()) {
            return false;
        }
        begin(fault, host, () -> {});
        Arena.Cell cell = states.get(fault.other() % states.size());
        cell.flip();
        world.facts().damaged(host, cell);
        return true;
    }

    private boolean wireFlip(Fault fault, int host) {
        if (world.agent(host) == null) {
            return false;
        }
        world.network().damage(host, 1.0 / (1 + fault.other() % MOST_RARE_FLIP));
        begin(fault, host, () -> world.network().damage(host, 0));
        return true;
    }

    private boolean expire(Fault fault, int host) {
        SimAgent agent = world.agent(host);
        if (agent == null || !world.zookeeper().isOpen(agent.session())) {
            return false;
        }
        begin(fault, host, () -> {});
        world.zookeeper().expire(agent.session());
        return true;
    }

    private boolean massExpiry(Fault fault) {
        boolean did = false;
        for (int each = 0; each < world.plan().agents(); each++) {
            SimAgent agent = world.agent(each);
            if (agent != null && world.zookeeper().isOpen(agent.session())) {
                if (!did) {
                    note("fault", fault);
                    did = true;
                }
                world.zookeeper().expire(agent.session());
            }
        }
        return did;
    }

    private boolean outage(Fault fault) {
        if (world.zookeeper().isDown()) {
            return false;
        }
        world.zookeeper().stop();
        begin(fault, world.storeHost(), () -> world.zookeeper().start());
        return true;
    }

    private boolean coordinator(Fault fault) {
        SimCoordinator leader = world.leader();
        if (leader == null || world.isHurt(leader.host())) {
            return false;
        }
        int host = leader.host();
        switch (fault.kind()) {
            case STORE_CUT -> {
                List<Plane> store = List.of(Plane.STORE);
                world.cut(host, world.storeHost(), store);
                world.cut(world.storeHost(), host, store);
                begin(
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
                begin(
                        fault,
                        host,
                        () -> {
                            leader.kill();
                            world.startCoordinator(number);
                        });
            }
            case LEADER_SESSION -> {
                if (!world.zookeeper().isOpen(leader.session())) {
                    return false;
                }
                begin(fault, host, () -> {});
                world.zookeeper().expire(leader.session());
            }
            case LEADER_CUT -> {
                // Whom it cannot reach for long it counts as gone, and what they hold, too.
                world.outOfReach(true);
                int agents = world.plan().agents();
                List<Plane> planes = List.of(Plane.CONTROL, Plane.DATA);
                between(host, agents, planes, true, true, world::cut);
                begin(
                        fault,
                        host,
                        () -> {
                            between(host, agents, planes, true, true, world::heal);
                            world.outOfReach(false);
                        });
            }
            default -> {
                leader.pause();
                begin(fault, host, leader::resume);
            }
        }
        return true;
    }
}
