package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.View;

import java.util.Set;
import java.util.stream.Collectors;

/**
 * Who belongs to the newest view that a coordinator ordered: only those may bring copies or fetch
 * states, where peers prove who they are. Any thread.
 */
final class ViewRoll {
    private record Roll(String jobId, long epoch, Set<AgentKey> members) {}

    private final boolean enforced;
    private volatile Roll newest = new Roll("", 0, Set.of());

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
                newest =
                        new Roll(
                                view.jobId(),
                                view.epoch(),
                                view.members().stream()
                                        .map(Peer::key)
                                        .collect(Collectors.toUnmodifiableSet()));
            }
        }
    }

    /** Whether that peer may bring copies and fetch states now. */
    boolean admits(AgentKey peer) {
        return !enforced || newest.members().contains(peer);
    }
}
