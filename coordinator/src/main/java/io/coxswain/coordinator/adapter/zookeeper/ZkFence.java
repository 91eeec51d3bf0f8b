package io.coxswain.coordinator.adapter.zookeeper;

/**
 * A term with the version that its znode got when this coordinator wrote it. Every later write
 * checks that version, so that the writes of a deposed leader fail as a whole.
 */
record ZkFence(long term, int version) {}
