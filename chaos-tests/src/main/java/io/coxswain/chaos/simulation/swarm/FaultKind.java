package io.coxswain.chaos.simulation.swarm;

/** What may go wrong. */
public enum FaultKind {
    /** A host loses power: nobody is told, its memory is gone. */
    HOST_DEATH,
    /** An agent's process dies and its arena with it; the host refuses connections. */
    AGENT_DEATH,
    /** All agents of a rack die at once. */
    RACK_DEATH,
    WORKER_DEATH,
    WORKER_HANG,
    /** The worker computes many times slower. */
    STRAGGLER,
    /** The agent's process stops for less than the silence limit. */
    SHORT_PAUSE,
    /** The agent's process stops for longer. */
    LONG_PAUSE,
    /** A host and all others are cut off from each other. */
    PARTITION,
    /** What a host sends goes nowhere. */
    ONE_WAY,
    /** Two agents cannot reach each other on the data plane. */
    DATA_CUT,
    /** An agent and the coordinators cannot reach each other. */
    CONTROL_CUT,
    /** All connections of a host are reset. */
    RESET,
    SLOW_LINK,
    LAGGING_COPIES,
    /** A bit flips in a committed slot at rest. */
    BIT_FLIP,
    /** ZooKeeper ends a session early. */
    SESSION_EXPIRY,
    /** Every agent's session ends at once. */
    MASS_EXPIRY,
    STORE_OUTAGE,
    /** The leader cannot reach ZooKeeper. */
    STORE_CUT,
    /** The leader's process dies at one of its next port calls and is started again. */
    COORDINATOR_CRASH,
    /** The leader stops for longer than its session lasts and wakes as a second leader. */
    COORDINATOR_PAUSE,
    /** An agent's process dies and is started again and again. */
    FLAPPING,
    /** Bits flip in what a host sends on the data plane. */
    WIRE_FLIP,
    /** ZooKeeper ends the leader's session early: a second one leads before the first knows. */
    LEADER_SESSION,
    /** The leader's host and all agents are cut off from each other; ZooKeeper is reached. */
    LEADER_CUT,

    // ---------------------------------------------------------------- planned work

    /** An agent is taken out of service; healed: put back. */
    DRAIN,
    /** An agent gets nothing new; healed: put back. */
    CORDON,
    /** An agent's process is told that it ends; healed: it has ended, and is started again. */
    NOTICE
}
