package io.coxswain.agent.adapter;

import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Who belongs to the newest view that a coordinator ordered, and with which shard: only those may
 * bring copies of that shard or fetch its states, where peers prove who they are. Any thread.
 */
final class ViewRoll implements CopyPlane.Members {
    private record Roll(String jobId, long epoch, Map<AgentKey, BitSet> shards) {}

    private final boolean enforced;
    private volatile Roll newest = new Roll("", 0, Map.of());

    /**
     * @param enforced false: everybody may, as nobody proves anything
     */
    ViewRoll(boolean enforced) {
        this.enforced = enforced;
    }

    /** Takes notice of orders; events come in their order. */
    synchronized void heard(AgentEvent event) {
        if (event instanceof AgentEvent.ViewOrdered ordered) {
            View view = ordered.order().view();
            if (!view.jobId().equals(newest.jobId()) || view.epoch() >= newest.epoch()) {
                var shards = new HashMap<AgentKey, BitSet>();
                for (int rank = 0; rank < view.ranks(); rank++) {
                    shards.computeIfAbsent(view.members().get(rank).key(), _ -> new BitSet())
                            .set(view.shardOf(rank));
                }
                newest = new Roll(view.jobId(), view.epoch(), shards);
            }
        }
    }

    /** Whether that peer may bring copies of that state and fetch it now: it is of its shard. */
    @Override
    public boolean admit(AgentKey peer, StateName state) {
        if (!enforced) {
            return true;
        }
        Roll roll = newest;
        BitSet shards = roll.shards().get(peer);
        return shards != null
                && state.jobId().equals(roll.jobId())
                && state.shard() >= 0
                && shards.get(state.shard());
    }
}
