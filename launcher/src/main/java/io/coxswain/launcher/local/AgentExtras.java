package io.coxswain.launcher.local;

import io.coxswain.agent.ReplicaAgent;

/**
 * What a main class of somebody else adds to an agent of a one-machine cluster, a test suite for
 * instance: it hands this to {@link AgentMain#run}.
 */
public interface AgentExtras {
    /** Adds nothing. */
    AgentExtras NONE = new AgentExtras() {};

    /** Sets further options, before the agent is built. */
    default void prepare(ReplicaAgent.Builder builder) {}

    /**
     * Obeys an order that agents do not know by themselves, a line that {@link AgentProcess#order}
     * sent. On the thread that reads orders.
     *
     * @return false if it is unknown here too: the agent ends then
     */
    default boolean obey(String order) {
        return false;
    }
}
