package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a placement is planned from.
 *
 * @param spares attached agents without a rank in {@code view}, in any order
 * @param copiesHeld shards of which an agent holds a copy now; agents that hold none may be absent.
 *     Not copied: it does not change while a placement is planned
 * @param previous the placement before, of this epoch or an older one; its duties are kept where
 *     they still serve
 * @param version of the placement to plan
 * @param closed agents that take no copies but of those shards, which they hold already
 */
public record PlacementProblem(
        JobSpec spec,
        StateLayout layout,
        View view,
        List<AgentProfile> spares,
        Map<AgentKey, Set<Integer>> copiesHeld,
        @Nullable Placement previous,
        long version,
        Map<AgentKey, Set<Integer>> closed) {
    /** Everybody takes copies. */
    public PlacementProblem(
            JobSpec spec,
            StateLayout layout,
            View view,
            List<AgentProfile> spares,
            Map<AgentKey, Set<Integer>> copiesHeld,
            @Nullable Placement previous,
            long version) {
        this(spec, layout, view, spares, copiesHeld, previous, version, Map.of());
    }

    public PlacementProblem {
        closed = Map.copyOf(closed);
        spares = List.copyOf(spares);
        copiesHeld = Collections.unmodifiableMap(copiesHeld);
        for (AgentProfile spare : spares) {
            if (view.rankOf(spare.key()) >= 0) {
                throw new IllegalArgumentException(
                        "agent "
                                + spare.key()
                                + " has a rank in view "
                                + view.epoch()
                                + ": it is no spare");
            }
        }
        if (layout.shardStateBytes().size() != view.mesh().shards()) {
            throw new IllegalArgumentException(
                    "the layout has "
                            + layout.shardStateBytes().size()
                            + " shards, the mesh "
                            + view.mesh());
        }
    }
}
