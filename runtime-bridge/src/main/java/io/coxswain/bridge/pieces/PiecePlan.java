package io.coxswain.bridge.pieces;

import io.coxswain.bridge.arena.SlotTable.Box;
import io.coxswain.bridge.arena.SlotTable.Piece;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which bytes of which sources' snapshots fill some pieces, by intersection of boxes: the state of
 * one mesh for a rank of the same or of another one.
 */
public final class PiecePlan {
    /** By leaf, then by box: who has it. */
    private final Map<String, Map<Space, List<Holder>>> held = new LinkedHashMap<>();

    private final long[] given;
    private final List<Run> runs = new ArrayList<>();

    private PiecePlan(List<List<Piece>> sources, int own) {
        given = new long[sources.size()];
        for (int source = 0; source < sources.size(); source++) {
            for (Piece piece : sources.get(source)) {
                Box box = piece.box();
                if (Space.of(box).elements() > 0 && (!box.perRank() || source == own)) {
                    held.computeIfAbsent(box.leaf(), _ -> new LinkedHashMap<>())
                            .computeIfAbsent(Space.of(box), _ -> new ArrayList<>())
                            .add(new Holder(source, piece));
                }
            }
        }
    }

    private record Holder(int source, Piece piece) {}

    /**
     * Bytes that are copied as they are.
     *
     * @param source index of the source that has them
     * @param sourceAt their first byte in its data area
     * @param targetAt where they go in the data area of the wanted pieces
     * @param length how many, at least 1
     */
    public record Run(int source, long sourceAt, long targetAt, long length) {}

    /**
     * Plans it. Of sources that hold the same box the one is taken that has given the fewest bytes
     * yet, the first of such; the runs come in the order of the wanted pieces.
     *
     * @param wanted with their places in their data area
     * @param sources of each source its pieces; two of a leaf are the same box, or have no element
     *     in common
     * @param own the source that pieces per rank are taken from
     * @throws IllegalArgumentException if something is in no source; the message says what
     */
    public static List<Run> of(List<Piece> wanted, List<List<Piece>> sources, int own) {
        var plan = new PiecePlan(sources, own);
        wanted.forEach(plan::fill);
        return List.copyOf(plan.runs);
    }

    private void fill(Piece target) {
        Box box = target.box();
        Space space = Space.of(box);
        long missing = space.elements();
        for (var entry : held.getOrDefault(box.leaf(), Map.of()).entrySet()) {
            Holder holder = leastAsked(entry.getValue());
            String wrong = PieceCheck.kindDiffers(holder.piece().box(), box);
            if (wrong != null) {
                throw new IllegalArgumentException("source " + holder.source() + ": " + wrong);
            }
            Space shared = space.common(entry.getKey());
            if (shared != null) {
                missing -= shared.elements();
                add(holder, shared, entry.getKey(), target, space);
            }
        }
        if (missing < 0) {
            throw new IllegalArgumentException(
                    "the sources' pieces of leaf " + box.leaf() + " overlap");
        }
        if (missing > 0) {
            throw new IllegalArgumentException(
                    "%d elements of %s of leaf %s are in no source"
                            .formatted(missing, space, box.leaf()));
        }
    }

    private Holder leastAsked(List<Holder> holders) {
        Holder best = holders.getFirst();
        for (Holder holder : holders) {
            if (given[holder.source()] < given[best.source()]) {
                best = holder;
            }
        }
        return best;
    }

    private void add(Holder holder, Space shared, Space from, Piece target, Space to) {
        int size = ElementTypes.bytes(target.box().dtype());
        given[holder.source()] += shared.elements() * size;
        int dimensions = shared.extent().size();
        // What lies behind each other in both: all dimensions from `last` on, of which those behind
        // it are whole in both boxes.
        int last = dimensions;
        long length = size;
        boolean whole = true;
        while (last > 0 && whole) {
            last--;
            long extent = shared.extent().get(last);
            length *= extent;
            whole = extent == from.extent().get(last) && extent == to.extent().get(last);
        }
        long[] fromStrides = strides(from.extent(), size);
        long[] toStrides = strides(to.extent(), size);
        long sourceAt = holder.piece().dataOffset();
        long targetAt = target.dataOffset();
        for (int d = 0; d < dimensions; d++) {
            long begin = shared.offset().get(d);
            sourceAt += (begin - from.offset().get(d)) * fromStrides[d];
            targetAt += (begin - to.offset().get(d)) * toStrides[d];
        }
        long[] index = new long[last];
        boolean more = true;
        while (more) {
            long source = sourceAt;
            long place = targetAt;
            for (int d = 0; d < last; d++) {
                source += index[d] * fromStrides[d];
                place += index[d] * toStrides[d];
            }
            runs.add(new Run(holder.source(), source, place, length));
            more = next(index, shared.extent());
        }
    }

    /** The next index in row-major order; false after the last one. */
    private static boolean next(long[] index, List<Long> extent) {
        for (int d = index.length - 1; d >= 0; d--) {
            index[d]++;
            if (index[d] < extent.get(d)) {
                return true;
            }
            index[d] = 0;
        }
        return false;
    }

    private static long[] strides(List<Long> extent, int size) {
        long[] strides = new long[extent.size()];
        long stride = size;
        for (int d = extent.size() - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= extent.get(d);
        }
        return strides;
    }
}
