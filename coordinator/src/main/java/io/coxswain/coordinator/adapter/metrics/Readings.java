package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.picture.Picture;
import io.coxswain.security.Refusal;

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

    /** Writes to ZooKeeper so far, for one of those purposes that can be asked for. */
    default long zookeeperWrites(String purpose) {
        return 0;
    }

    /** Whether there is a connection to ZooKeeper now. */
    boolean zookeeperConnected();

    /** When the certificate in use ends, Unix time; NaN: there is none. */
    default double certificateExpirySeconds() {
        return Double.NaN;
    }

    /** Whether it may speak in the clear beyond this machine. */
    default boolean plaintext() {
        return false;
    }

    /** Calls that were refused for want of a certificate with the right. */
    default long refusedCalls() {
        return 0;
    }

    /** Agents of another major version that were refused, attempts counted. */
    default long refusedVersions() {
        return 0;
    }

    /** Messages of agents of a kind that this version does not know. */
    default long unknownWords() {
        return 0;
    }

    /** How many were not let in for that reason. */
    default long refused(Refusal reason) {
        return 0;
    }

    /** Number of the newest event. */
    long lastEvent();

    /** Hex trace id of an incident; empty: none. */
    String traceOfIncident(String jobId, int incident);

    /** Hex trace id of a step; empty: none, or it was not sampled. */
    String traceOfStep(String jobId, long step);
}
