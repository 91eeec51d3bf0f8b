package io.coxswain.bridge.pjrt.client;

import java.util.List;

/**
 * A run of a program that has been dispatched.
 *
 * @param results the results, to be closed by the caller; they may be used, and closed, before the
 *     run is done
 * @param done when the run is done or has failed; a failed run's results fail too
 */
public record Execution(List<PjrtBuffer> results, PjrtEvent done) {
    /** Copies the list. */
    public Execution {
        results = List.copyOf(results);
    }
}
