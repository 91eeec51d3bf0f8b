package io.coxswain.chaos.simulation.invariant;

import java.util.Collection;
import java.util.List;

/** The whole, as invariants may look at it. */
public interface Cluster {
    long now();

    /** Every agent process that lives, in order of hosts. */
    List<? extends AgentView> agents();

    /** Every job submitted so far, in order. */
    Collection<JobHistory> jobs();

    /** Tasks in the event queue. */
    int tasksWaiting();

    /** Open connections, all planes. */
    int connections();

    int watches();

    /** Faults that were injected, and their healings. */
    int faults();
}
