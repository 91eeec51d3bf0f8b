package io.coxswain.chaos.simulation.network;

import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Hosts and the directed links between them. A cut link delivers nothing until it is healed; what
 * was sent meanwhile is then delivered, as TCP would, unless its connection ended before.
 */
public final class Network {
    private static final int PLANES = Plane.values().length;
    private static final long MILLI = 1_000_000L;
    private static final double HELD_UP = 0.25;
    private static final long LONGEST_HOLD_UP = 1_200 * MILLI;

    private final Kernel kernel;
    private final Randomness random;
    private final Randomness late;
    private final boolean lossy;
    private final int hosts;
    private final long delayNanos;
    private final long jitterNanos;
    private final int[] cuts;
    private final double[] slow;
    private final double[] damage;
    private final List<Connection> open = new ArrayList<>();

    /**
     * @param delayNanos least one-way delay
     * @param jitterNanos mean of the exponential part on top
     * @param lossy packets get lost and threads are held up, see {@link #holdUp}
     */
    public Network(
            Kernel kernel,
            Randomness random,
            int hosts,
            long delayNanos,
            long jitterNanos,
            boolean lossy) {
        this.kernel = kernel;
        this.random = random;
        this.late = random.split("late");
        this.lossy = lossy;
        this.hosts = hosts;
        this.delayNanos = delayNanos;
        this.jitterNanos = jitterNanos;
        this.cuts = new int[hosts * hosts * PLANES];
        this.slow = new double[hosts * hosts];
        Arrays.fill(slow, 1);
        this.damage = new double[hosts];
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

    /**
     * Of the bulk messages that a host sends, that part arrives with a bit flipped; 0 is normal.
     */
    public void damage(int from, double part) {
        damage[from] = part;
    }

    /** Draws whether a bulk message that is sent now arrives damaged. */
    public boolean damages(int from, int to) {
        return from != to && damage[from] > 0 && late.chance(damage[from]);
    }

    /** True where {@link #holdUp} may be more than nothing. */
    public boolean isLossy() {
        return lossy;
    }

    /**
     * How much later something comes because a packet was lost and sent again, or because the
     * thread that hands it over did not run: nothing mostly, and always where nothing gets lost.
     */
    public long holdUp() {
        return lossy && late.chance(HELD_UP) ? late.between(MILLI, LONGEST_HOLD_UP) : 0;
    }

    /** True where something that came may be handed over so much later. */
    public boolean mayHoldUp(long nanos) {
        return lossy && nanos <= LONGEST_HOLD_UP;
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
