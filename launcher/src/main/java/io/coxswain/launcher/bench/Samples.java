package io.coxswain.launcher.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.function.DoubleUnaryOperator;

/** Measured values of one quantity, in order of size; there may be none. Immutable. */
final class Samples {
    private final double[] sorted;

    private Samples(double[] values) {
        for (double value : values) {
            if (Double.isNaN(value)) {
                throw new IllegalArgumentException("not a measurement: " + Arrays.toString(values));
            }
        }
        this.sorted = values;
        Arrays.sort(sorted);
    }

    static Samples of(double... values) {
        return new Samples(values.clone());
    }

    static Samples of(Collection<? extends Number> values) {
        return new Samples(values.stream().mapToDouble(Number::doubleValue).toArray());
    }

    /** The same in another unit. */
    Samples map(DoubleUnaryOperator unit) {
        return new Samples(Arrays.stream(sorted).map(unit).toArray());
    }

    boolean isEmpty() {
        return sorted.length == 0;
    }

    int count() {
        return sorted.length;
    }

    /** The middle one, or the mean of the two in the middle. */
    double median() {
        int middle = nonEmpty() / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double min() {
        return sorted[nonEmpty() - sorted.length];
    }

    double max() {
        return sorted[nonEmpty() - 1];
    }

    double[] values() {
        return sorted.clone();
    }

    private int nonEmpty() {
        if (sorted.length == 0) {
            throw new IllegalStateException("nothing was measured");
        }
        return sorted.length;
    }
}
