package io.coxswain.coordinator.core.model;

/**
 * With collectives of the runtime: the floor by which all ranks decide on the snapshots of the
 * steps up to {@code through}, from the step after the one that the entry before it ends with.
 */
public record GrantedFloor(long through, long floor) {}
