package io.coxswain.bridge.pieces;

import io.coxswain.bridge.arena.SlotTable.Box;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * A part of a leaf's index space.
 *
 * @param offset the first element per dimension
 * @param extent how many elements per dimension
 */
record Space(List<Long> offset, List<Long> extent) {
    Space {
        offset = List.copyOf(offset);
        extent = List.copyOf(extent);
    }

    static Space of(Box box) {
        return new Space(box.offset(), box.extent());
    }

    /** How many elements it has; throws ArithmeticException where 63 bits do not hold that. */
    long elements() {
        return volume(extent);
    }

    /** The product; 0 where one is 0, however large the others are. */
    static long volume(List<Long> extent) {
        if (extent.contains(0L)) {
            return 0;
        }
        long product = 1;
        for (long length : extent) {
            product = Math.multiplyExact(product, length);
        }
        return product;
    }

    /** The elements that both have; null if there are none. */
    @Nullable Space common(Space other) {
        var begins = new ArrayList<Long>(offset.size());
        var lengths = new ArrayList<Long>(offset.size());
        for (int d = 0; d < offset.size(); d++) {
            long begin = Math.max(offset.get(d), other.offset.get(d));
            long length = Math.min(end(d), other.end(d)) - begin;
            if (length <= 0) {
                return null;
            }
            begins.add(begin);
            lengths.add(length);
        }
        return new Space(begins, lengths);
    }

    /** The same without the first dimension. */
    Space rest() {
        return new Space(offset.subList(1, offset.size()), extent.subList(1, extent.size()));
    }

    long end(int dimension) {
        return offset.get(dimension) + extent.get(dimension);
    }

    @Override
    public String toString() {
        var text = new StringJoiner(", ", "[", "]");
        for (int d = 0; d < offset.size(); d++) {
            text.add(offset.get(d) + ":" + end(d));
        }
        return text.toString();
    }
}
