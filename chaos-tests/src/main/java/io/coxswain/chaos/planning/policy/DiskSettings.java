package io.coxswain.chaos.planning.policy;

/**
 * Periodic checkpoints on disk; all times in nanoseconds.
 *
 * @param intervalNanos of work between checkpoints; 0 for none
 * @param stallNanos that a checkpoint stops the steps for
 * @param restartNanos from the detection to the first step: processes, program, collectives
 * @param readNanos one state from disk
 */
public record DiskSettings(
        long intervalNanos, long stallNanos, long restartNanos, long readNanos) {}
