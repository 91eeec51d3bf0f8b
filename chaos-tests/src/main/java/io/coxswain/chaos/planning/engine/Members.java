package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.model.AgentKey;

import org.jspecify.annotations.Nullable;

/** Finds agents by who they are. */
@FunctionalInterface
interface Members {
    /** The incarnation with that key if it is its machine's newest, else null. */
    @Nullable ModelAgent find(AgentKey key);
}
