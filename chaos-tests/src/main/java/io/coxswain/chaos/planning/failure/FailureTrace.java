package io.coxswain.chaos.planning.failure;

import java.util.List;

/** Failures in order of time, up to {@code endNanos}. */
public record FailureTrace(List<Failure> failures, long endNanos) {
    public FailureTrace {
        failures = List.copyOf(failures);
        long last = 0;
        for (Failure failure : failures) {
            if (failure.atNanos() < last) {
                throw new IllegalArgumentException("failures are in order of time");
            }
            last = failure.atNanos();
        }
    }
}
