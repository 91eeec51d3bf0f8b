package io.coxswain.bridge.reference;

import java.util.List;

/**
 * A named tensor and its place in the flat parameter vector; its elements are stored in row-major
 * order.
 *
 * @param name such as {@code layer0.weight}
 * @param shape its extents; their product is the number of elements
 * @param range its elements in the flat vector
 */
public record Leaf(String name, List<Integer> shape, ElementRange range) {
    /** Checks that shape and range agree. */
    public Leaf {
        shape = List.copyOf(shape);
        long elements = 1;
        for (int extent : shape) {
            if (extent < 1) {
                throw new IllegalArgumentException(
                        "leaf %s has a bad shape %s".formatted(name, shape));
            }
            elements = Math.multiplyExact(elements, (long) extent);
        }
        if (elements != range.elements()) {
            throw new IllegalArgumentException(
                    "leaf %s of shape %s has %d elements, not %d"
                            .formatted(name, shape, elements, range.elements()));
        }
    }
}
