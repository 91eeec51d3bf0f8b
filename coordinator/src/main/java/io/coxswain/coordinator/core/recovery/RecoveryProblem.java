package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a recovery is planned from.
 *
 * @param lineage the views that became ACTIVE
 * @param previous the view before this one, whose members keep their ranks where they can; it may
 *     have been prepared only; null for the first
 * @param nextEpoch of the view to plan; above {@code previous}'s
 * @param completedStep the newest step that every rank reported
 * @param candidates attached agents with their inventories, in any order; each agent id once
 * @param nothingEverCompleted no step was ever completed, so that computing the initial state again
 *     loses nothing
 */
public record RecoveryProblem(
        JobSpec spec,
        StateLayout layout,
        Lineage lineage,
        @Nullable View previous,
        long nextEpoch,
        long completedStep,
        List<Candidate> candidates,
        Set<BadSource> excluded,
        boolean nothingEverCompleted) {
    public RecoveryProblem {
        candidates = List.copyOf(candidates);
        excluded = Set.copyOf(excluded);
        if (layout.shardStateBytes().size() != spec.mesh().shards()) {
            throw new IllegalArgumentException(
                    "the layout has "
                            + layout.shardStateBytes().size()
                            + " shards, the mesh "
                            + spec.mesh());
        }
        if (previous != null && !previous.mesh().equals(spec.mesh())) {
            throw new IllegalArgumentException(
                    "the previous view's mesh "
                            + previous.mesh()
                            + " is not the job's "
                            + spec.mesh());
        }
        if (previous != null && nextEpoch <= previous.epoch()) {
            throw new IllegalArgumentException(
                    "epoch "
                            + nextEpoch
                            + " does not follow the previous view's "
                            + previous.epoch());
        }
        checkIds(candidates);
    }

    private static void checkIds(List<Candidate> candidates) {
        // They come in order, as a rule.
        boolean ascending = true;
        for (int i = 1; ascending && i < candidates.size(); i++) {
            ascending = idOf(candidates, i - 1).compareTo(idOf(candidates, i)) < 0;
        }
        if (ascending) {
            return;
        }
        var ids = new HashSet<String>();
        for (int i = 0; i < candidates.size(); i++) {
            if (!ids.add(idOf(candidates, i))) {
                throw new IllegalArgumentException(
                        "agent " + idOf(candidates, i) + " is a candidate twice");
            }
        }
    }

    private static String idOf(List<Candidate> candidates, int index) {
        return candidates.get(index).agent().key().id();
    }
}
