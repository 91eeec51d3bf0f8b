package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.network.Connection;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.network.Plane;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** The connections between agents: one per pair, made again after a reset. */
final class DataPlane {
    /** A silent peer is unreachable after this. */
    static final long STALL_NANOS = 3_000_000_000L;

    private final Network network;
    private final Randomness random;
    private final long copyNanos;
    private final List<DataEnd> ends = new ArrayList<>();

    /** By the larger and the smaller index of the two ends. */
    private final List<@Nullable Connection[]> connections = new ArrayList<>();

    private double copySlowness = 1;

    /**
     * @param copyNanos mean time that a copy takes
     */
    DataPlane(Network network, Randomness random, long copyNanos) {
        this.network = network;
        this.random = random;
        this.copyNanos = copyNanos;
    }

    Network network() {
        return network;
    }

    Kernel kernel() {
        return network.kernel();
    }

    /** Copies take so many times as long from now on. */
    void copySlowness(double factor) {
        copySlowness = factor;
    }

    long transferNanos() {
        return (long) (copySlowness * (copyNanos / 2 + random.exponential(copyNanos)));
    }

    long soon() {
        return random.between(200_000, 5_000_000);
    }

    DataEnd join(SimAgent agent, AgentMemory memory) {
        var end = new DataEnd(this, agent, memory, ends.size());
        ends.add(end);
        connections.add(new @Nullable Connection[ends.size()]);
        memory.transfers(end);
        return end;
    }

    /** Who answers to that identity; null when that process is gone. */
    @Nullable DataEnd find(AgentKey key) {
        for (DataEnd end : ends) {
            if (end.agent().isAlive() && end.agent().peer().key().equals(key)) {
                return end;
            }
        }
        return null;
    }

    /** The process that had or has that identity. */
    @Nullable DataEnd former(AgentKey key) {
        for (DataEnd end : ends) {
            if (end.agent().peer().key().equals(key)) {
                return end;
            }
        }
        return null;
    }

    Connection between(DataEnd a, DataEnd b) {
        @Nullable Connection[] row = connections.get(Math.max(a.index(), b.index()));
        int column = Math.min(a.index(), b.index());
        Connection open = row[column];
        if (open == null || open.isClosed()) {
            open = network.open(a.agent().host(), b.agent().host(), Plane.DATA);
            row[column] = open;
            open.onReset(() -> {
                a.broken(b);
                b.broken(a);
                kernel().after(
                                random.between(5_000_000, 50_000_000),
                                "redial",
                                () -> {
                                    a.resend(b);
                                    b.resend(a);
                                });
            });
        }
        return open;
    }

    /** The task runs at the other end, if that process lives then and the way is open. */
    void send(DataEnd from, DataEnd to, String label, Kernel.Task task) {
        between(from, to).send(from.agent().host(), label, () -> to.agent().deliver(task));
    }

    /**
     * The same for what is checked by its CRC where it arrives: whoever finds it damaged ends the
     * connection.
     */
    void sendChecked(DataEnd from, DataEnd to, String label, Kernel.Task task) {
        if (damages(from, to)) {
            Connection connection = between(from, to);
            connection.send(
                    from.agent().host(), label, () -> to.agent().deliver(connection::reset));
        } else {
            send(from, to, label, task);
        }
    }

    /** Draws whether what one end sends the other arrives with a bit flipped. */
    boolean damages(DataEnd from, DataEnd to) {
        return network.damages(from.agent().host(), to.agent().host());
    }

    boolean passes(DataEnd from, DataEnd to) {
        return network.passes(from.agent().host(), to.agent().host(), Plane.DATA)
                && network.passes(to.agent().host(), from.agent().host(), Plane.DATA);
    }

    void died(DataEnd dead, boolean told) {
        for (DataEnd end : ends) {
            int column = Math.min(dead.index(), end.index());
            @Nullable Connection[] row = connections.get(Math.max(dead.index(), end.index()));
            Connection open = row[column];
            if (open != null) {
                open.close();
                row[column] = null;
            }
        }
        for (DataEnd end : ends) {
            if (end != dead && end.agent().isAlive()) {
                kernel().after(
                                told ? soon() : STALL_NANOS,
                                "unreachable",
                                () ->
                                        end.agent()
                                                .deliver(() ->
                                                        end.peerGone(dead.agent().peer().key())));
            }
        }
    }
}
