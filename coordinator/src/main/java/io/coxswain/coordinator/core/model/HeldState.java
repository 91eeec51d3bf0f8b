package io.coxswain.coordinator.core.model;

/** A committed, verified state in an agent's arena. */
public record HeldState(StateName name, Digest digest, long bytes) {}
