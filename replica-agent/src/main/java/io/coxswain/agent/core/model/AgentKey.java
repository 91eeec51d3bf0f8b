package io.coxswain.agent.core.model;

/**
 * Who an agent is. Never the path or the address alone.
 *
 * @param id the host's agent name, {@code [A-Za-z0-9._-]{1,64}}
 * @param incarnation 32 lower-case hex digits, new at each process start
 */
public record AgentKey(String id, String incarnation) {
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

    @Override
    public String toString() {
        return id + "/" + incarnation.substring(0, Math.min(8, incarnation.length()));
    }
}
