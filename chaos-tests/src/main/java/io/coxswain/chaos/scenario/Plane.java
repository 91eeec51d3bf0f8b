package io.coxswain.chaos.scenario;

/** A plane of the design (§2) that runs over TCP, so that a proxy can stand before it. */
public enum Plane {
    /** gRPC between the agents and the leading coordinator. */
    CONTROL,
    /** Gradients, parameters, copies and restores between agents; the coordinator dials it too. */
    DATA,
    /** The sessions of agents and coordinators. */
    ZOOKEEPER
}
