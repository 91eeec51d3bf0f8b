package io.coxswain.agent.app;

import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.model.SlotRef;

import java.util.List;

/**
 * The data plane: reductions, gathers and copies. Nothing here blocks or throws; results come back
 * as events.
 */
public interface DataPort {
    void fence(AgentEffect.FenceData fence);

    void configure(AgentEffect.ConfigureCollective view);

    void reduce(AgentEffect.Reduce reduce);

    void gather(AgentEffect.Gather gather);

    void push(AgentEffect.PushCopy push);

    void cancelPushes(SlotRef slot);

    void fetch(AgentEffect.FetchState fetch);

    /** The ranks whose data the collective operation under way lacks, in order. */
    List<Integer> waitingForRanks();
}
