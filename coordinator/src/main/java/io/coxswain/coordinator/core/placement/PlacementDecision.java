package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.Placement;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A placement, and in words what it is worth.
 *
 * @param deficits one text per shard that has fewer copies than the job asks for; empty when all is
 *     protected
 * @param survives what may be lost without losing a shard, such as "any one agent; any one domain
 *     at level 1"
 * @param refusal why the copies asked for cannot be had with the agents that are attached, whatever
 *     the placement; null when they may be. What follows from it is the caller's decision: a job
 *     that starts is refused, one that runs goes on and reports its deficits
 */
public record PlacementDecision(
        Placement placement, List<String> deficits, String survives, @Nullable String refusal) {
    public PlacementDecision {
        deficits = List.copyOf(deficits);
    }
}
