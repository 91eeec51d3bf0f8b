package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.security.ConnectionGate;

/**
 * What the control port takes at most.
 *
 * @param connections see {@link ConnectionGate}
 * @param calls under way at once: an agent has one, somebody who looks one or two
 * @param callsOfOneHost from one address; loopback as for connections
 */
record ControlLimits(ConnectionGate.Limits connections, int calls, int callsOfOneHost) {
    /** For some thousand agents. */
    static final ControlLimits DEFAULT =
            new ControlLimits(ConnectionGate.Limits.DEFAULT, 16_384, 2_048);
}
