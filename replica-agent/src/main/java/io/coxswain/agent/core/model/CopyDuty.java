package io.coxswain.agent.core.model;

/** Rank {@code sourceRank} streams the snapshots of its shard to {@code holder}. */
public record CopyDuty(int shard, int sourceRank, Peer holder) {}
