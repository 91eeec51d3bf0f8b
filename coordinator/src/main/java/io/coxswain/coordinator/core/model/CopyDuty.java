package io.coxswain.coordinator.core.model;

/** Rank {@code sourceRank} streams the snapshots of its shard to {@code holder}. */
public record CopyDuty(int shard, int sourceRank, AgentProfile holder) {}
