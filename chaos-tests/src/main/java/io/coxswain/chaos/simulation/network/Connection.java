package io.coxswain.chaos.simulation.network;

import io.coxswain.chaos.simulation.kernel.Kernel.Task;

import java.util.ArrayDeque;

/** One TCP connection between two hosts: in order and once in each direction, until it ends. */
public final class Connection {
    private final Network network;
    private final int a;
    private final int b;
    private final Plane plane;
    private final ArrayDeque<Task> heldToA = new ArrayDeque<>();
    private final ArrayDeque<Task> heldToB = new ArrayDeque<>();
    private long lastToA;
    private long lastToB;
    private boolean closed;
    private Task onReset = () -> {};

    Connection(Network network, int a, int b, Plane plane) {
        this.network = network;
        this.a = a;
        this.b = b;
        this.plane = plane;
    }

    public Plane plane() {
        return plane;
    }

    public boolean isClosed() {
        return closed;
    }

    /** True if that host is one of the two ends. */
    public boolean touches(int host) {
        return a == host || b == host;
    }

    /** What a reset by the network leads to; both ends are to be told there. */
    public void onReset(Task task) {
        onReset = task;
    }

    /** Sends from that end to the other. */
    public void send(int from, String label, Task arrive) {
        if (closed) {
            return;
        }
        boolean toB = from == a;
        ArrayDeque<Task> held = toB ? heldToB : heldToA;
        int to = toB ? b : a;
        if (!held.isEmpty() || !network.passes(from, to, plane)) {
            held.add(() -> carry(from, to, toB, label, arrive));
        } else {
            carry(from, to, toB, label, arrive);
        }
    }

    private void carry(int from, int to, boolean toB, String label, Task arrive) {
        long at = network.kernel().now() + network.delay(from, to);
        if (toB) {
            at = lastToB = Math.max(at, lastToB);
        } else {
            at = lastToA = Math.max(at, lastToA);
        }
        network.kernel()
                .at(
                        at,
                        label,
                        () -> {
                            if (!closed) {
                                arrive.run();
                            }
                        });
    }

    void flush(int from, int to, Plane healed) {
        if (healed == plane && from == a && to == b) {
            drain(heldToB);
        } else if (healed == plane && from == b && to == a) {
            drain(heldToA);
        }
    }

    private static void drain(ArrayDeque<Task> held) {
        while (!held.isEmpty()) {
            held.removeFirst().run();
        }
    }

    /** Nothing more arrives at either end. */
    public void close() {
        if (!closed) {
            closed = true;
            heldToA.clear();
            heldToB.clear();
            network.closed(this);
        }
    }

    /** The network breaks it: what is on its way is lost. */
    public void reset() {
        if (!closed) {
            close();
            onReset.run();
        }
    }
}
