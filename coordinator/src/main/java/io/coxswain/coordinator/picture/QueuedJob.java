package io.coxswain.coordinator.picture;

/**
 * A job that waits for the one before it.
 *
 * @param position 1: next
 * @param held why it may not start; empty: nobody paused it
 */
public record QueuedJob(String id, String name, int position, int slots, long steps, String held) {}
