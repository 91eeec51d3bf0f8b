package io.coxswain.coordinator.core.model;

import org.jspecify.annotations.Nullable;

/**
 * Who an agent is: its stable name and the random id of this process start. Never the path or the
 * address alone.
 *
 * <p>A value like a record, but for its hash, which is kept: keys are looked up several times for
 * each message of each agent.
 */
public final class AgentKey implements Comparable<AgentKey> {
    private static final int SHOWN = 8;

    private final String id;
    private final String incarnation;
    private final int hash;

    /**
     * @param id the host's agent name, {@code [A-Za-z0-9._-]{1,64}}
     * @param incarnation 32 lower-case hex digits, new at each process start
     */
    public AgentKey(String id, String incarnation) {
        if (id.isEmpty() || incarnation.isEmpty()) {
            throw new IllegalArgumentException(
                    "an agent key needs an id and an incarnation, got '"
                            + id
                            + "/"
                            + incarnation
                            + "'");
        }
        this.id = id;
        this.incarnation = incarnation;
        hash = 31 * id.hashCode() + incarnation.hashCode();
    }

    /** The host's agent name. */
    public String id() {
        return id;
    }

    /** Of this process start. */
    public String incarnation() {
        return incarnation;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof AgentKey key
                        && hash == key.hash
                        && id.equals(key.id)
                        && incarnation.equals(key.incarnation));
    }

    @Override
    public int hashCode() {
        return hash;
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
        return id + "/" + incarnation.substring(0, Math.min(SHOWN, incarnation.length()));
    }
}
