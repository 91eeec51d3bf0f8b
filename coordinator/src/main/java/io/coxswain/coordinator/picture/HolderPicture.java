package io.coxswain.coordinator.picture;

/**
 * An instance of a shard.
 *
 * @param rank whose state it is
 * @param owner the agent has that rank; else it holds a copy
 */
public record HolderPicture(int shard, int rank, String agent, String domain, boolean owner) {}
