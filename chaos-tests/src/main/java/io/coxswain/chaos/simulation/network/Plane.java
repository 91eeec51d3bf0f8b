package io.coxswain.chaos.simulation.network;

/** What a connection is for; links are cut per plane. */
public enum Plane {
    CONTROL,
    DATA,
    STORE
}
