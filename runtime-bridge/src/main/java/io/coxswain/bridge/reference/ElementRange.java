package io.coxswain.bridge.reference;

/**
 * A range of elements of the flat parameter vector, and so of every vector shaped like it; may be
 * empty.
 *
 * @param from the first element
 * @param to the end, exclusive
 */
public record ElementRange(int from, int to) {
    /** Checks 0 ≤ from ≤ to. */
    public ElementRange {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException(
                    "not a range of elements: [%d, %d)".formatted(from, to));
        }
    }

    /** How many elements it holds. */
    public int elements() {
        return to - from;
    }

    /** Whether it holds none. */
    public boolean isEmpty() {
        return from == to;
    }
}
