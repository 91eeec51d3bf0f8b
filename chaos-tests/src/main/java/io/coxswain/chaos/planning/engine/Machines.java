package io.coxswain.chaos.planning.engine;

import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

/** Finds agents by the names of their machines. */
final class Machines implements Members {
    private final Fleet fleet;

    /** By machine; its newest incarnation. */
    private final ModelAgent[] agents;

    private int lastFound;

    Machines(Fleet fleet, ModelAgent[] agents) {
        this.fleet = fleet;
        this.agents = agents;
    }

    @Override
    public @Nullable ModelAgent find(AgentKey key) {
        // Effects come in about the order of the machines: a name is seldom read.
        int next = lastFound + 1;
        if (next < agents.length && agents[next].key.equals(key)) {
            lastFound = next;
            return agents[next];
        }
        lastFound = fleet.machineOf(key.id());
        ModelAgent agent = agents[lastFound];
        return agent.key.equals(key) ? agent : null;
    }
}
