package io.coxswain.coordinator.core.model;

import java.util.Map;

/**
 * Two labels by which a job states what its model FLOPs utilisation is to be reckoned from. Nothing
 * in the run depends on them. Stateless.
 */
public final class FlopsLabels {
    /** Floating-point operations of one step, over all ranks. */
    public static final String FLOPS_PER_STEP = "flopsPerStep";

    /** Operations a second that one rank's devices can do at most. */
    public static final String PEAK_FLOPS = "peakFlops";

    public static final String EXPECTED = "a positive number such as 1.5e15";

    private FlopsLabels() {}

    /** NaN: not stated. */
    public static double flopsPerStep(Map<String, String> labels) {
        return number(labels.getOrDefault(FLOPS_PER_STEP, ""));
    }

    /** NaN: not stated. */
    public static double peakFlops(Map<String, String> labels) {
        return number(labels.getOrDefault(PEAK_FLOPS, ""));
    }

    /** True if that label may have that value. */
    public static boolean isFit(String key, String value) {
        return !(key.equals(FLOPS_PER_STEP) || key.equals(PEAK_FLOPS))
                || !Double.isNaN(number(value));
    }

    private static double number(String text) {
        try {
            double value = Double.parseDouble(text);
            return value > 0 && Double.isFinite(value) ? value : Double.NaN;
        } catch (NumberFormatException none) {
            return Double.NaN;
        }
    }
}
