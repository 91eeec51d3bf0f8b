package io.coxswain.agent.core.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a coordinator asks of an agent for a new view.
 *
 * @param rank this agent's rank, -1 for a spare
 * @param restore null for a spare
 * @param plan null for a spare
 * @param donations states that others will fetch from this agent
 * @param floor the newest floor that anybody told the coordinator of, the base step at most:
 *     members may not have heard of it, and free nothing at or above it
 */
public record PrepareOrder(
        View view,
        int rank,
        @Nullable Restore restore,
        @Nullable StepPlan plan,
        Placement placement,
        List<Restore> donations,
        long floor) {
    public PrepareOrder {
        donations = List.copyOf(donations);
    }
}
