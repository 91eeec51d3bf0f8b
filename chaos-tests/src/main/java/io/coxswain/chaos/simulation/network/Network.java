package io.coxswain.chaos.simulation.network;

import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;

import java.util.ArrayList;
import java.util.List;

/**
 * Hosts and the directed links between them. A cut link delivers nothing until it is healed; what
 * was sent meanwhile is then delivered, as TCP would, unless its connection ended before.
 */
public final class Network {
    private static final int PLANES = Plane.values().length;

    private final Kernel kernel;
    private final Randomness random;
    private final int hosts;
    private final long delayNanos;
    private final long jitterNanos;
    private final int[] cuts;
    private final double[] slow;
    private final List<Connection> open = new ArrayList<>();

    /**
     * @param delayNanos least one-way delay
     * @param jitterNanos mean of the exponential part on top
     */
    public Network(Kernel kernel, Randomness random, int hosts, long delayNanos, long jitterNanos) {
        this.kernel = kernel;
        this.random = random;
        this.hosts = hosts;
        this.delayNanos = delayNanos;
        this.jitterNanos = jitterNanos;
        this.cuts = new int[hosts * hosts * PLANES];
        this.slow = new double[hosts * hosts];
        java.util.Arrays.fill(slow, 1);
    }

    public Kernel kernel() {
        return kernel;
    }

    private int link(int from, int to) {
        return from * hosts + to;
    }

    private int link(int from, int to, Plane plane) {
        return link(from, to) * PLANES
                + switch (plane) {
                    case CONTROL -> 0;
                    case DATA -> 1;
                    case STORE -> 2;
                };
    }

    /** True while something sent now would arrive. */
    public boolean passes(int from, int to, Plane plane) {
        return cuts[link(from, to, plane)] == 0;
    }

    /** Cuts a direction; cuts add up and are healed one by one. */
    public void cut(int from, int to, Plane plane) {
        cuts[link(from, to, plane)]++;
    }

    /** Undoes one cut. */
    public void heal(int from, int to, Plane plane) {
        int link = link(from, to, plane);
        cuts[link] = Math.max(0, cuts[link] - 1);
        if (cuts[link] == 0) {
            for (Connection connection : List.copyOf(open)) {
                connection.flush(from, to, plane);
            }
        }
    }

    /** Multiplies the delay of a direction; 1 is normal. */
    public void slow(int from, int to, double factor) {
        slow[link(from, to)] = factor;
    }

    /** How long a message takes now. */
    public long delay(int from, int to) {
        if (from == to) {
            return 1_000;
        }
        double spread = jitterNanos == 0 ? 0 : random.exponential(jitterNanos);
        return (long) ((delayNanos + spread) * slow[link(from, to)]);
    }

    /** Opens a connection. */
    public Connection open(int a, int b, Plane plane) {
        var connection = new Connection(this, a, b, plane);
        open.add(connection);
        return connection;
    }

    void closed(Connection connection) {
        open.remove(connection);
    }

    /** Connections that are open. */
    public int connections() {
        return open.size();
    }

    /** All open connections, in the order of their opening. */
    public List<Connection> open() {
        return List.copyOf(open);
    }
}
