package io.coxswain.coordinator.picture;

/**
 * A point of the curves.
 *
 * @param millis wall time
 * @param loss NaN: unknown
 */
public record Point(long step, long millis, float loss, double stepsPerSecond) {}
