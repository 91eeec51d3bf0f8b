package io.coxswain.coordinator.core.placement;

/** Plans placements. */
public final class PlacementPlanner {
    private PlacementPlanner() {}

    public static PlacementDecision plan(PlacementProblem problem) {
        throw new UnsupportedOperationException("" + problem);
    }
}
