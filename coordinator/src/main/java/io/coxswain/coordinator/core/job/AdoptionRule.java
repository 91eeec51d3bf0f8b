package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Whether a new leader goes on with the view that it found: only if that was ACTIVE, every member
 * is there in the same incarnation, none has promised a later epoch, and all have their worker.
 */
final class AdoptionRule {
    private AdoptionRule() {}

    /**
     * What stands against it; empty: the view is adopted.
     *
     * @param present the agents that attached, by id
     * @param waitedNanos how long they had the time to
     */
    static List<AdoptionObstacle> obstacles(
            FoundJob found,
            boolean runtimeReduces,
            Map<String, Takeover.Present> present,
            long waitedNanos) {
        View view = found.view();
        if (view == null) {
            return List.of();
        }
        if (!found.isActive()) {
            return List.of(new AdoptionObstacle.ViewUnfinished(view.epoch()));
        }
        var obstacles = new ArrayList<AdoptionObstacle>();
        boolean grouped = false;
        for (int rank = 0; rank < view.members().size(); rank++) {
            AgentKey key = view.members().get(rank).key();
            Takeover.Present member = present.get(key.id());
            AdoptionObstacle obstacle =
                    member == null
                            ? new AdoptionObstacle.MemberMissing(rank, key.id(), waitedNanos)
                            : obstacle(view.epoch(), rank, key, member);
            if (obstacle != null) {
                obstacles.add(obstacle);
            } else if (member != null) {
                grouped |= madeStep(view, member);
            }
        }
        if (obstacles.isEmpty()
                && runtimeReduces
                && !grouped
                && found.state() == ViewState.ACTIVE) {
            obstacles.add(new AdoptionObstacle.GroupForming(view.epoch()));
        }
        return obstacles;
    }

    private static @Nullable AdoptionObstacle obstacle(
            long epoch, int rank, AgentKey key, Takeover.Present member) {
        AgentKey is = member.agent().key();
        Inventory inventory = member.inventory();
        Standing standing = member.standing();
        if (!is.equals(key)) {
            return new AdoptionObstacle.MemberRestarted(rank, key, is);
        }
        if (inventory.promisedEpoch() > epoch) {
            return new AdoptionObstacle.MemberFenced(
                    rank, key.id(), inventory.promisedEpoch(), epoch);
        }
        if (!inventory.workerAlive()) {
            return new AdoptionObstacle.WorkerGone(rank, key.id());
        }
        return standing == null
                        || standing.left()
                        || standing.epoch() != epoch
                        || standing.rank() != rank
                ? new AdoptionObstacle.NotInView(rank, key.id(), epoch)
                : null;
    }

    // Who made a step of the view had met all others for it.
    private static boolean madeStep(View view, Takeover.Present member) {
        Inventory inventory = member.inventory();
        var live = inventory.live();
        var tail = inventory.tail();
        return (live != null
                        && live.name().epoch() == view.epoch()
                        && live.name().step() > view.baseStep())
                || (tail != null && tail.epoch() == view.epoch() && !tail.runs().isEmpty());
    }
}
