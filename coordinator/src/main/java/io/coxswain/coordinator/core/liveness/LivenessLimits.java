package io.coxswain.coordinator.core.liveness;

/**
 * The times of {@link LivenessMachine}.
 *
 * @param heartbeatNanos how often agents speak when they have nothing to say
 * @param mostSilenceNanos no agent is waited for longer than this; at least 4 heartbeats
 * @param returnNanos an agent whose stream broke, and who may live, comes back within this or is
 *     lost
 * @param redialNanos time between dials while it is waited for
 * @param sessionGraceNanos a live stream outvotes a lost ZooKeeper session; after this long without
 *     a session the stream is the only witness, and its break is the verdict
 */
public record LivenessLimits(
        long heartbeatNanos,
        long mostSilenceNanos,
        long returnNanos,
        long redialNanos,
        long sessionGraceNanos) {
    /**
     * Heartbeat 250 ms, silence at most 2 s, return within 1 s, a dial each 20 ms, session grace 10
     * s.
     */
    public static final LivenessLimits DEFAULT =
            new LivenessLimits(
                    250_000_000L, 2_000_000_000L, 1_000_000_000L, 20_000_000L, 10_000_000_000L);

    public LivenessLimits {
        if (heartbeatNanos < 1 || returnNanos < 1 || redialNanos < 1 || sessionGraceNanos < 0) {
            throw new IllegalArgumentException("liveness limits must be positive");
        }
        if (mostSilenceNanos < 4 * heartbeatNanos) {
            throw new IllegalArgumentException(
                    "the silence limit of "
                            + mostSilenceNanos
                            + " ns is below 4 heartbeats of "
                            + heartbeatNanos
                            + " ns: agents would be lost for a late packet");
        }
    }
}
