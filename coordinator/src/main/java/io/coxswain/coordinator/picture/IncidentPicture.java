package io.coxswain.coordinator.picture;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One interruption.
 *
 * @param beganMillis wall time of the last sign of what failed
 * @param planned somebody asked for it
 * @param phase of an open one; empty when it is closed
 * @param phaseNanos {@code detect}, {@code fence}, {@code decide}, {@code restore} and {@code
 *     resume}, in this order; 0: not reached
 * @param reason the recovery decision's; may be empty
 * @param costSlotNanos slot time that was not productive from its beginning to its end, progress
 *     that it took back included
 * @param traceId empty: none
 * @param sources of the newest incidents, at most 16 of ranks that had to restore
 */
public record IncidentPicture(
        int id,
        String cause,
        List<String> agents,
        long atStep,
        long resumedAtStep,
        long stepsLost,
        long beganMillis,
        boolean closed,
        boolean planned,
        String phase,
        Map<String, Long> phaseNanos,
        String reason,
        BigInteger costSlotNanos,
        String traceId,
        List<Source> sources) {
    /**
     * Where a rank's state came from: {@code local}, {@code peer-copy}, {@code fetched} or {@code
     * init}.
     */
    public record Source(int rank, String agent, String source, String fromAgent, long bytes) {}

    public IncidentPicture {
        agents = List.copyOf(agents);
        sources = List.copyOf(sources);
        phaseNanos = Collections.unmodifiableMap(new LinkedHashMap<>(phaseNanos));
    }
}
