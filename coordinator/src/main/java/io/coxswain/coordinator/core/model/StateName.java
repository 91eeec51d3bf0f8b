package io.coxswain.coordinator.core.model;

/** Names a state: a step number alone does not. */
public record StateName(long epoch, long step, int shard) {}
