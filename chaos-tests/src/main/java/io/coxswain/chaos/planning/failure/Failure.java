package io.coxswain.chaos.planning.failure;

/**
 * One failure of a trace.
 *
 * @param atNanos since the run began
 * @param component the name under which it is counted
 * @param target index of the machine or domain, from 0
 * @param repairNanos until the machines are back; for {@link Scope#WORKER} and {@link Scope#HANG}
 *     until the process is, 0 for as long as a restart takes
 */
public record Failure(long atNanos, String component, Scope scope, int target, long repairNanos) {
    public Failure {
        if (atNanos < 0 || target < 0 || repairNanos < 0) {
            throw new IllegalArgumentException(
                    "a failure needs a time, a target and a repair time that are not negative");
        }
    }
}
