package io.coxswain.chaos.nemesis;

import java.util.List;

/**
 * A fault that came.
 *
 * @param rule its place in the scenario, from 0
 * @param asked the coordinate asked for
 * @param fault what was done, with whom it hit
 * @param where the coordinate at which it came
 * @param held whether the run stood still there; else it had gone on by what the news took
 * @param victims parties
 * @param nanos monotonic
 * @param afterStep newest step known to be complete
 * @param failure why it could not be done; empty if it was done
 */
public record Firing(
        int rule,
        String asked,
        String fault,
        String where,
        boolean held,
        List<String> victims,
        long nanos,
        long afterStep,
        String failure) {
    public Firing {
        victims = List.copyOf(victims);
    }

    /** One line for a person. */
    public String text() {
        return "at "
                + where
                + (held ? " (held)" : " (step " + afterStep + " was complete)")
                + ": "
                + fault
                + (failure.isEmpty() ? "" : ", which failed: " + failure);
    }
}
