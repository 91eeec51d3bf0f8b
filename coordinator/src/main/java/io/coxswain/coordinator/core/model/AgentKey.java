package io.coxswain.coordinator.core.model;

import org.jspecify.annotations.Nullable;

/**
 * Who an agent is: its stable name and the random id of this process start. Never the path or the
 * address alone.
 *
 * @param id the host's agent name, {@code [A-Za-z0-9._-]{1,64}}
 * @param incarnation 32 lower-case hex digits, new at each process start
 */
public record AgentKey(String id, String incarnation) implements Comparable<AgentKey> {
    public AgentKey {
        if (id.isEmpty() || incarnation.isEmpty()) {
            throw new IllegalArgumentException(
                    "an agent key needs an id and an incarnation, got '"
                            + id
                            + "/"
                            + incarnation
                            + "'");
        }
    }

    // Written out: keys are looked up several times for each message, and what a record generates is
    // slow until it is fully compiled.
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof AgentKey key
                        && id.equals(key.id)
                        && incarnation.equals(key.incarnation));
    }

    @Override
    public int hashCode() {
        return 31 * id.hashCode() + incarnation.hashCode();
    }

    @Override
    public int compareTo(AgentKey other) {
        if (this == other) {
            return 0;
        }
        int byId = id.compareTo(other.id);
        return byId != 0 ? byId : incarnation.compareTo(other.incarnation);
    }

    @Override
    public String toString() {
        return id + "/" + incarnation.substring(0, Math.min(8, incarnation.length()));
    }
}
