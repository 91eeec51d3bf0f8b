package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;

/**
 * An attached agent and what it holds of the job.
 *
 * @param inventory of this job only
 * @param ready it has a worker that can take a rank now; one that is not ready can still donate
 *     from its arena
 * @param rankHint where to look first for its rank in the previous view, or -1; nothing but speed
 *     depends on it
 */
public record Candidate(AgentProfile agent, Inventory inventory, boolean ready, int rankHint) {
    public Candidate(AgentProfile agent, Inventory inventory, boolean ready) {
        this(agent, inventory, ready, -1);
    }
}
