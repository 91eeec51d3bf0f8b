package io.coxswain.chaos.simulation.invariant;

import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.core.model.AgentProfile;

/** An agent as invariants may look at it. */
public interface AgentView {
    String name();

    boolean isAlive();

    AgentProfile profile();

    Arena arena();

    long promisedEpoch();

    long termSeen();

    /** The floor as far as it knows. */
    long knownFloor();

    /** The oldest agreed snapshot of its view that found no slot; MAX_VALUE for none. */
    long missedSnapshot();

    /** A snapshot of that step of its own shard is in its memory, or is being made. */
    boolean hasSnapshot(long step);

    /** Time since a leader's word reached it. */
    long sinceLeaderWordNanos();

    /** The lease that its leader gave, 0 before any. */
    long leaseNanos();

    /** It is being told that its job is over. */
    boolean isEndingJob();

    /** It has taken an order for its promised epoch. */
    boolean isOrdered();

    /** Things that it keeps: files, names shared, parts of collectives, transfers. */
    int kept();
}
