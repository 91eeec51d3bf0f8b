package io.coxswain.bridge.pjrt.bundle;

/**
 * The update of one shard.
 *
 * @param shards of how many shards the state is cut into
 * @param shard which of them
 * @param begin its first element in the flat parameter vector
 * @param end the end of its elements, exclusive
 */
public record ApplyProgram(int shards, int shard, long begin, long end, Program program) {}
