package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.FaultPort;

/** Brings a kind of fault port under a name; found by {@link java.util.ServiceLoader}. */
public interface FaultPortProvider {
    /** As {@code --port} and the port's file name it. */
    String name();

    /**
     * Opens a port; nothing is hurt by that.
     *
     * @throws IllegalArgumentException if the settings make no sense for it
     */
    FaultPort open(PortSettings settings, Whereabouts agents);
}
