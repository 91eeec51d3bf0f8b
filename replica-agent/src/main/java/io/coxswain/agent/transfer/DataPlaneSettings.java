package io.coxswain.agent.transfer;

/**
 * Where the data plane listens, and its limits.
 *
 * @param bindHost address to listen on; {@code 0.0.0.0} for all
 * @param port port to listen on; 0: any free one
 * @param advertisedHost what other agents dial
 * @param advertisedPort what other agents dial; 0: the port that is listened on
 * @param socketBufferBytes send and receive buffer of each socket; 0: the system's own choice,
 *     which adapts itself
 * @param copyBytesPerSecond limit of the bytes of copies that this agent sends; 0: none
 * @param parkedBytes how many bytes of messages of a view that this agent has not entered yet it
 *     keeps before it stops reading
 * @param stallNanos how long a transfer may make no progress before it counts as failed
 */
public record DataPlaneSettings(
        String bindHost,
        int port,
        String advertisedHost,
        int advertisedPort,
        int socketBufferBytes,
        long copyBytesPerSecond,
        long parkedBytes,
        long stallNanos) {
    /** Checks the bounds. */
    public DataPlaneSettings {
        if (port < 0
                || port > 65535
                || advertisedPort < 0
                || advertisedPort > 65535
                || advertisedHost.isEmpty()
                || socketBufferBytes < 0
                || copyBytesPerSecond < 0
                || parkedBytes < 0
                || stallNanos < 1) {
            throw new IllegalArgumentException(
                    "data plane: ports must be 0 to 65535, the advertised host named and limits not"
                            + " negative; got "
                            + "bind %s:%d, advertised '%s':%d, socket buffer %d, copy rate %d, parked %d, stall %d ns"
                                    .formatted(
                                            bindHost,
                                            port,
                                            advertisedHost,
                                            advertisedPort,
                                            socketBufferBytes,
                                            copyBytesPerSecond,
                                            parkedBytes,
                                            stallNanos));
        }
    }

    /** Any free port of the loopback address, no rate limit. */
    public static DataPlaneSettings loopback() {
        return new DataPlaneSettings(
                "127.0.0.1", 0, "127.0.0.1", 0, 0, 0, 32L << 20, 3_000_000_000L);
    }
}
