package io.coxswain.web;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;

/** How many connections each address has. Thread-safe. */
final class HostCounts {
    private final int most;
    private final boolean exemptLoopback;
    private final Map<InetAddress, Integer> counts = new HashMap<>();

    HostCounts(int most, boolean exemptLoopback) {
        this.most = most;
        this.exemptLoopback = exemptLoopback;
    }

    /** Counts one in; false: that is one too many, and it counts all the same. */
    synchronized boolean enter(SocketAddress remote) {
        if (!(remote instanceof InetSocketAddress at)
                || at.getAddress() == null
                || (exemptLoopback && at.getAddress().isLoopbackAddress())) {
            return true;
        }
        return counts.merge(at.getAddress(), 1, Integer::sum) <= most;
    }

    /** One that was counted in is gone. */
    synchronized void left(SocketAddress remote) {
        if (remote instanceof InetSocketAddress at && at.getAddress() != null) {
            counts.computeIfPresent(at.getAddress(), (_, count) -> count == 1 ? null : count - 1);
        }
    }
}
