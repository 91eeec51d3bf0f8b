package io.coxswain.chaos.planning.failure;

/**
 * One failure of a trace.
 *
 * @param atNanos since the run began
 * @param component the name under which it is counted
 * @param target index of the machine or domain, from 0
 * @param repairNanos until the machines are back; for {@link Scope#WORKER} and {@link Scope#HANG}
 *     until the process is, 0 for as long as a restart takes; more than a hundred years are a
 *     hundred
 */
public record Failure(long atNanos, String component, Scope scope, int target, long repairNanos) {
    /** A hundred years: beyond any run, and yet a time that can be added to. */
    private static final long NEVER_REPAIRED = 36_500L * 86_400 * 1_000_000_000;

    public Failure {
        if (atNanos < 0 || target < 0 || repairNanos < 0) {
            throw new IllegalArgumentException(
                    "a failure needs a time, a target and a repair time that are not negative");
        }
        repairNanos = Math.min(repairNanos, NEVER_REPAIRED);
    }
}
