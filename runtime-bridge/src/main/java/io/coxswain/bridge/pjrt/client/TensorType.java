package io.coxswain.bridge.pjrt.client;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Element type and shape of a tensor that lies dense and row-major.
 *
 * @param element the type of its elements
 * @param shape its dimensions, none for a scalar; 0 is allowed
 */
public record TensorType(ElementType element, List<Long> shape) {
    /** Checks that no dimension is negative and that the size in bytes is a {@code long}. */
    public TensorType {
        shape = List.copyOf(shape);
        long bytes = element.bytes();
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException(
                        "a shape cannot have the dimension " + dimension);
            }
            try {
                bytes = Math.multiplyExact(bytes, dimension);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException(
                        "a tensor of shape %s is too large".formatted(shape), e);
            }
        }
    }

    /** The type with these dimensions. */
    public static TensorType of(ElementType element, long... shape) {
        return new TensorType(element, Arrays.stream(shape).boxed().toList());
    }

    /** How many elements: 1 for a scalar. */
    public long elements() {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        return elements;
    }

    /** How many bytes the elements take. */
    public long byteSize() {
        return elements() * element.bytes();
    }

    /** As in {@code f32[64,256]}. */
    @Override
    public String toString() {
        return shape.stream()
                .map(String::valueOf)
                .collect(Collectors.joining(",", element + "[", "]"));
    }
}
