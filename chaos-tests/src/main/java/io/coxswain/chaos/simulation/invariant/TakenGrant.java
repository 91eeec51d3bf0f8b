package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A grant, or an order, that a member goes by: from then on it may give up what is older than the
 * floor.
 */
record TakenGrant(String jobId, long floor) {
    /**
     * What that word grants to whom it reaches; null if it grants no floor or is not followed.
     *
     * @param newestTerm that the agent had heard of before
     */
    static @Nullable TakenGrant of(
            AgentView agent, AgentEvent word, long wireTerm, long newestTerm) {
        if (wireTerm < newestTerm) {
            return null;
        }
        if (word instanceof AgentEvent.StepsGranted granted) {
            return of(agent, granted.jobId(), granted.epoch(), granted.floors());
        }
        if (word instanceof AgentEvent.ViewStarted started) {
            return of(agent, started.jobId(), started.epoch(), started.floors());
        }
        if (word instanceof AgentEvent.ViewOrdered ordered) {
            View view = ordered.order().view();
            return view.epoch() < agent.promisedEpoch()
                    ? null
                    : new TakenGrant(view.jobId(), ordered.order().floor());
        }
        return null;
    }

    private static @Nullable TakenGrant of(
            AgentView agent, String jobId, long epoch, List<GrantedFloor> floors) {
        return floors.isEmpty() || epoch != agent.promisedEpoch()
                ? null
                : new TakenGrant(jobId, floors.getLast().floor());
    }
}
