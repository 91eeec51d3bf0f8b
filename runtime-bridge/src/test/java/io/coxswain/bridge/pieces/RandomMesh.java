package io.coxswain.bridge.pieces;

import io.coxswain.bridge.arena.SlotTable.Box;
import io.coxswain.bridge.arena.SlotTable.Meta;
import io.coxswain.bridge.arena.SlotTable.Piece;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;

/** Leaves cut at random places, their boxes dealt to shards, and bytes to tell elements apart. */
final class RandomMesh {
    private static final byte UNTOUCHED = (byte) 0xEE;

    private final Random random;

    RandomMesh(Random random) {
        this.random = random;
    }

    /** Zero to four dimensions. */
    List<Long> shape() {
        var shape = new ArrayList<Long>();
        for (int d = random.nextInt(5); d > 0; d--) {
            shape.add(1L + random.nextInt(6));
        }
        return shape;
    }

    String type() {
        return List.of("f64", "f32", "bf16", "u8").get(random.nextInt(4));
    }

    /** The boxes of a leaf, each in one shard or in several. */
    List<List<Box>> shards(String type, List<Long> shape) {
        var shards = new ArrayList<List<Box>>();
        for (int shard = random.nextInt(4); shard >= 0; shard--) {
            shards.add(new ArrayList<>());
        }
        for (Space space : new HashSet<>(cut(shape))) {
            var takers = new ArrayList<>(shards);
            Collections.shuffle(takers, random);
            for (List<Box> taker : takers.subList(0, 1 + random.nextInt(takers.size()))) {
                taker.add(box("w", type, shape, space));
            }
        }
        return shards;
    }

    private List<Space> cut(List<Long> shape) {
        var boxes = new ArrayList<Space>();
        boxes.add(new Space(Collections.nCopies(shape.size(), 0L), shape));
        for (int times = shape.isEmpty() ? 0 : random.nextInt(4); times > 0; times--) {
            Space box = boxes.remove(random.nextInt(boxes.size()));
            int along = random.nextInt(shape.size());
            long begin = box.offset().get(along);
            long end = box.end(along);
            while (begin < end) {
                long next = begin + random.nextLong(end - begin + 1);
                boxes.add(slice(box, along, begin, next - begin));
                if (next == begin) {
                    boxes.add(slice(box, along, begin, end - begin));
                    next = end;
                }
                begin = next;
            }
            if (box.extent().get(along) == 0) {
                boxes.add(box);
            }
        }
        return boxes;
    }

    private static Space slice(Space box, int along, long begin, long length) {
        var offset = new ArrayList<>(box.offset());
        var extent = new ArrayList<>(box.extent());
        offset.set(along, begin);
        extent.set(along, length);
        return new Space(offset, extent);
    }

    static Box box(String leaf, String type, List<Long> shape, Space space) {
        return new Box(
                leaf,
                type,
                shape,
                space.offset(),
                space.extent(),
                false,
                ElementTypes.bytes(type, space.extent()));
    }

    /** Boxes as they lie in a slot. */
    static List<Piece> stored(List<Box> boxes) {
        return Meta.layOut("job", 1, 1, 0, boxes).pieces();
    }

    static byte[] untouched(List<Piece> pieces) {
        byte[] data = new byte[pieces.isEmpty() ? 0 : (int) pieces.getLast().end()];
        java.util.Arrays.fill(data, UNTOUCHED);
        return data;
    }

    /** The data area, with bytes that follow from each element's place in the whole leaf. */
    static byte[] data(List<Piece> pieces) {
        byte[] data = untouched(pieces);
        for (Piece piece : pieces) {
            Box box = piece.box();
            int size = (int) ElementTypes.bytes(box.dtype(), List.of());
            long elements = Space.of(box).elements();
            for (long i = 0; i < elements; i++) {
                long rest = i;
                long number = 0;
                long scale = 1;
                for (int d = box.extent().size() - 1; d >= 0; d--) {
                    number += (box.offset().get(d) + rest % box.extent().get(d)) * scale;
                    scale *= box.globalShape().get(d);
                    rest /= box.extent().get(d);
                }
                long bits = number * 0x9E3779B97F4A7C15L + 17;
                for (int b = 0; b < size; b++) {
                    data[(int) (piece.dataOffset() + i * size + b)] = (byte) (bits >>> (8 * b));
                }
            }
        }
        return data;
    }
}
