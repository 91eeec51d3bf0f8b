package io.coxswain.coordinator.app;

/** A few numbers for meters; {@code term} is 0 where none is held. */
public record Vitals(
        long term,
        int agents,
        long completedStep,
        double goodputRatio,
        int incidents,
        int queuedJobs) {
    public static final Vitals NONE = new Vitals(0, 0, 0, 0, 0, 0);
}
