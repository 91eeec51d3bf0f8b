package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.picture.Picture;

/** Where a coordinator's numbers come from. Any thread, and no method waits for anything. */
public interface Readings {
    /** The newest picture. */
    Picture picture();

    /** Of the leadership, 0: none. */
    long term();

    /** Inputs that wait for the decision loop. */
    int backlog();

    /** How late the decision loop is. */
    long loopLagNanos();

    /** Writes that the store refused because another coordinator leads. */
    long fencedWrites();

    /** Whether there is a connection to ZooKeeper now. */
    boolean zookeeperConnected();

    /** Number of the newest event. */
    long lastEvent();

    /** Hex trace id of an incident; empty: none. */
    String traceOfIncident(String jobId, int incident);

    /** Hex trace id of a step; empty: none, or it was not sampled. */
    String traceOfStep(String jobId, long step);
}
