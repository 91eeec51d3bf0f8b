package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.app.ControlPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.network.Connection;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.network.Plane;

import org.jspecify.annotations.Nullable;

/**
 * The agent's way to the leader: looks it up in the store, keeps one stream, and after its end
 * comes back after a random pause that grows with failures.
 */
final class AgentControl implements ControlPort {
    private static final long FIRST_NANOS = 50_000_000L;
    private static final long LONGEST_NANOS = 1_000_000_000L;
    private static final int MOST_DOUBLINGS = 6;
    private static final double LAG = 0.15;

    private final SimAgent agent;
    private final Network network;
    private final Randomness random;
    private @Nullable Leader leader;
    private @Nullable Leader former;
    private @Nullable ControlStream stream;
    private Kernel.@Nullable Ticket pause;
    private int failures;

    AgentControl(SimAgent agent, Network network, Randomness random) {
        this.agent = agent;
        this.network = network;
        this.random = random;
    }

    boolean isOpen() {
        ControlStream current = stream;
        return current != null && current.opened;
    }

    void leaderChanged(@Nullable Leader found) {
        Leader known = leader;
        if (known != null && !known.equals(found)) {
            former = known;
        }
        leader = found;
        ControlStream current = stream;
        if (current != null && found != null && found.term() > current.leaderTerm) {
            current.endByAgent("a leader of term " + found.term() + " was elected");
            over(current, "a newer leader was elected");
        }
        if (pause != null) {
            pause.cancel();
            pause = null;
        }
        connect();
    }

    private void connect() {
        Leader before = former;
        // A server of the ensemble that lags behind shows who led before.
        Leader target =
                before != null && before.process().isAlive() && random.chance(LAG)
                        ? before
                        : leader;
        if (target == null || stream != null || pause != null || !agent.isAlive()) {
            return;
        }
        SimCoordinator coordinator = target.process();
        Connection connection = network.open(agent.host(), coordinator.host(), Plane.CONTROL);
        var opening = new ControlStream(agent, coordinator, connection, target.term());
        stream = opening;
        connection.send(
                agent.host(),
                "open",
                () -> {
                    if (coordinator.isAlive()) {
                        connection.send(
                                coordinator.host(),
                                "accept",
                                () -> agent.deliver(() -> opened(opening)));
                    } else {
                        connection.send(
                                coordinator.host(),
                                "refuse",
                                () -> {
                                    connection.close();
                                    agent.deliver(() -> over(opening, "connection refused"));
                                });
                    }
                });
    }

    private void opened(ControlStream opening) {
        if (stream == opening && !opening.agentDone) {
            opening.opened = true;
            agent.post(new AgentEvent.StreamOpened());
        }
    }

    void hear(ControlStream from, AgentEvent event) {
        if (stream == from && !from.agentDone) {
            from.heard = true;
            agent.post(event);
        } else if (network.mayHoldUp(agent.kernel().now() - from.endedNanos)) {
            // What had arrived when the stream ended is still handed over, by a thread that may
            // be late. What a cut kept back for longer never is: that stream is no more.
            agent.kernel()
                    .after(network.holdUp(), "late", () -> agent.deliver(() -> agent.post(event)));
        }
    }

    void over(ControlStream ended, String reason) {
        if (stream != ended) {
            return;
        }
        stream = null;
        ended.doneAtAgent();
        failures = ended.heard ? 0 : failures + 1;
        if (ended.opened) {
            agent.post(new AgentEvent.StreamClosed(reason));
        }
        long bound = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(MOST_DOUBLINGS, failures));
        if (agent.isAlive() && pause == null) {
            pause =
                    agent.kernel()
                            .after(
                                    random.between(bound / 4, bound),
                                    "reconnect",
                                    () ->
                                            agent.deliver(() -> {
                                                pause = null;
                                                connect();
                                            }));
        }
    }

    @Override
    public void report(AgentReport report, long termSeen) {
        agent.called();
        agent.reported(report);
        ControlStream current = stream;
        if (current != null && current.opened && !current.agentDone) {
            current.say(report, termSeen);
        }
    }

    @Override
    public void leave(String reason) {
        agent.left();
        ControlStream current = stream;
        if (current != null) {
            current.endByAgent(reason);
            // The machine is in the middle of an event: it hears of the end after it.
            agent.kernel().after(0, "left", () -> agent.deliver(() -> over(current, reason)));
        }
    }

    /** The process died; {@code told}: its host lives and resets its connections. */
    void dead(boolean told) {
        ControlStream current = stream;
        stream = null;
        if (current != null && told) {
            current.endByAgent("connection reset by peer");
        }
    }
}
