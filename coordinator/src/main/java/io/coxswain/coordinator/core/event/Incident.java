package io.coxswain.coordinator.core.event;

import java.util.Collections;
import java.util.List;

/**
 * One interruption, from the last word of what failed to the first step completed at full strength.
 *
 * @param sources by rank; not copied, so whoever makes an incident never changes them again: they
 *     may be 100,000, put in words only when they are read
 * @param phases nanos; those not reached yet are 0
 */
public record Incident(
        int id,
        String cause,
        List<String> agents,
        long atStep,
        long resumedAtStep,
        long stepsLost,
        List<Source> sources,
        Phases phases,
        boolean closed) {
    /** The phases of a recovery (design §1). */
    public enum Phase {
        DETECT,
        FENCE,
        DECIDE,
        RESTORE,
        RESUME
    }

    /**
     * Where a rank's state came from: {@code live}, {@code local}, {@code peer-copy}, {@code
     * fetched} or {@code init}.
     */
    public record Source(int rank, String agent, String source, String fromAgent, long bytes) {}

    /** Durations in nanoseconds. */
    public record Phases(long detect, long fence, long decide, long restore, long resume) {
        public long total() {
            return detect + fence + decide + restore + resume;
        }
    }

    public Incident {
        agents = List.copyOf(agents);
        sources = Collections.unmodifiableList(sources);
    }

    /** The same without the ranks' sources, which were published when it closed. */
    public Incident withoutSources() {
        return new Incident(
                id, cause, agents, atStep, resumedAtStep, stepsLost, List.of(), phases, closed);
    }
}
