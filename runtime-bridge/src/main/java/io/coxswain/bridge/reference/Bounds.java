package io.coxswain.bridge.reference;

/** Checks of an optimizer's arguments. */
final class Bounds {
    private Bounds() {}

    static void positive(String name, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(name + " must be above 0 and finite, not " + value);
        }
    }

    static void fraction(String name, float value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(
                    name + " must be at least 0 and below 1, not " + value);
        }
    }

    static void step(long step) {
        if (step < 1) {
            throw new IllegalArgumentException("steps are counted from 1, not " + step);
        }
    }
}
