package io.coxswain.bridge.pieces;

import io.coxswain.bridge.arena.SlotTable.Box;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;

/**
 * Whether the pieces of all shards make a state: each element of each leaf is in some shard, two
 * pieces of a leaf are the same box in different shards or have no element in common, all pieces of
 * a leaf describe the same leaf, and a leaf per rank is whole in every shard.
 */
public final class PieceCheck {
    private final Map<String, Box> leaves = new LinkedHashMap<>();

    /** By leaf: its boxes, and the first shard that has each. */
    private final Map<String, Map<Space, Integer>> where = new HashMap<>();

    /** What to call a shard. */
    private final IntFunction<String> name;

    private PieceCheck(IntFunction<String> name) {
        this.name = name;
    }

    /** A box of a leaf in a shard. */
    private record Held(String leaf, Space space) {}

    /**
     * What is wrong with the pieces, for a person; null if nothing is.
     *
     * @param shards of each shard its boxes
     */
    public static @Nullable String problem(List<List<Box>> shards) {
        return problem(shards, shard -> "shard " + shard);
    }

    /** The same, where shards have other names. */
    public static @Nullable String problem(List<List<Box>> shards, IntFunction<String> name) {
        return new PieceCheck(name).find(shards);
    }

    private @Nullable String find(List<List<Box>> shards) {
        for (int shard = 0; shard < shards.size(); shard++) {
            String wrong = inShard(shard, shards.get(shard));
            if (wrong != null) {
                return name.apply(shard) + wrong;
            }
        }
        for (Box leaf : leaves.values()) {
            String wrong =
                    leaf.perRank()
                            ? null
                            : together(leaf, where.getOrDefault(leaf.leaf(), Map.of()));
            if (wrong != null) {
                return "leaf %s of shape %s: %s".formatted(leaf.leaf(), leaf.globalShape(), wrong);
            }
        }
        return null;
    }

    private @Nullable String inShard(int shard, List<Box> boxes) {
        var own = new HashSet<Held>();
        for (Box box : boxes) {
            Space space = Space.of(box);
            String wrong = alone(box, space);
            if (wrong == null) {
                Box first = leaves.putIfAbsent(box.leaf(), box);
                wrong = first == null ? null : kindDiffers(first, box);
            }
            if (wrong == null && !own.add(new Held(box.leaf(), space))) {
                wrong = "has %s of leaf %s twice".formatted(space, box.leaf());
            }
            if (wrong != null) {
                return ": " + wrong;
            }
            where.computeIfAbsent(box.leaf(), _ -> new LinkedHashMap<>()).putIfAbsent(space, shard);
        }
        for (Box leaf : leaves.values()) {
            if (leaf.perRank() && !own.contains(new Held(leaf.leaf(), Space.of(leaf)))) {
                return " has no piece of leaf " + leaf.leaf() + ", which each rank has one of";
            }
        }
        return null;
    }

    private static @Nullable String alone(Box box, Space space) {
        if (!ElementTypes.knows(box.dtype())) {
            return "leaf %s has elements of type '%s'; there are %s"
                    .formatted(box.leaf(), box.dtype(), ElementTypes.names());
        }
        long expected;
        try {
            long whole = ElementTypes.bytes(box.dtype(), box.globalShape());
            expected = Math.min(whole, ElementTypes.bytes(box.dtype(), box.extent()));
        } catch (ArithmeticException e) {
            return "leaf %s of shape %s has more bytes than 63 bits can count"
                    .formatted(box.leaf(), box.globalShape());
        }
        if (box.bytes() != expected) {
            return "%s of leaf %s, %s, has %d bytes; its elements have %d"
                    .formatted(space, box.leaf(), box.dtype(), box.bytes(), expected);
        }
        boolean whole =
                box.extent().equals(box.globalShape())
                        && box.offset().stream().allMatch(first -> first == 0);
        if (box.perRank() && !whole) {
            return "leaf %s is per rank, so that each rank has all of its own, and this is %s of %s"
                    .formatted(box.leaf(), space, box.globalShape());
        }
        return null;
    }

    /** Null if both are of the same leaf. */
    static @Nullable String kindDiffers(Box first, Box box) {
        if (first.dtype().equals(box.dtype())
                && first.globalShape().equals(box.globalShape())
                && first.perRank() == box.perRank()) {
            return null;
        }
        return "leaf %s is %s, and %s in another piece: all pieces of a leaf describe the same leaf"
                .formatted(box.leaf(), kind(box), kind(first));
    }

    private static String kind(Box box) {
        return box.dtype() + box.globalShape() + (box.perRank() ? " per rank" : "");
    }

    private @Nullable String together(Box leaf, Map<Space, Integer> held) {
        var spaces = new ArrayList<>(held.keySet());
        spaces.removeIf(space -> space.elements() == 0);
        Clash clash = clash(spaces, leaf.globalShape().size());
        if (clash != null) {
            return "%s in %s and %s in %s overlap; two pieces of a leaf must be the same box, or have no element in common"
                    .formatted(
                            clash.one(), holder(held, clash.one()),
                            clash.other(), holder(held, clash.other()));
        }
        long whole = Space.volume(leaf.globalShape());
        long elements = spaces.stream().mapToLong(Space::elements).sum();
        if (elements == whole) {
            return null;
        }
        return "%d of its %d elements are in no shard, such as %s; the shards must have all of a leaf together"
                .formatted(whole - elements, whole, gap(spaces, leaf.globalShape()));
    }

    private String holder(Map<Space, Integer> held, Space space) {
        return name.apply(held.getOrDefault(space, 0));
    }

    private record Clash(Space one, Space other) {}

    /**
     * Two spaces with a common element; null if there are none. Sweeps along the dimension that
     * tells most of them apart.
     */
    private static @Nullable Clash clash(List<Space> spaces, int dimensions) {
        if (spaces.size() < 2) {
            return null;
        }
        if (dimensions == 0) {
            return new Clash(spaces.get(0), spaces.get(1));
        }
        int along = along(spaces, dimensions);
        var sorted = new ArrayList<>(spaces);
        sorted.sort(Comparator.comparingLong(space -> space.offset().get(along)));
        var underWay = new ArrayList<Space>();
        for (Space space : sorted) {
            long begin = space.offset().get(along);
            underWay.removeIf(one -> one.end(along) <= begin);
            for (Space one : underWay) {
                if (one.common(space) != null) {
                    return new Clash(one, space);
                }
            }
            underWay.add(space);
        }
        return null;
    }

    private static int along(List<Space> spaces, int dimensions) {
        int best = 0;
        int most = -1;
        for (int d = 0; d < dimensions; d++) {
            Set<Long> begins = new HashSet<>();
            for (Space space : spaces) {
                begins.add(space.offset().get(d));
            }
            if (begins.size() > most) {
                most = begins.size();
                best = d;
            }
        }
        return best;
    }

    /** The first element, in row-major order, of those that are in none of the spaces. */
    private static List<Long> gap(List<Space> spaces, List<Long> shape) {
        var found = new ArrayList<Long>(shape.size());
        List<Space> left = spaces;
        for (int d = 0; d < shape.size(); d++) {
            long rest = Space.volume(shape.subList(d + 1, shape.size()));
            var bounds = new TreeSet<Long>(List.of(0L));
            for (Space space : left) {
                bounds.add(space.offset().getFirst());
                bounds.add(space.end(0));
            }
            for (long begin : bounds) {
                List<Space> here =
                        left.stream()
                                .filter(s -> s.offset().getFirst() <= begin && begin < s.end(0))
                                .map(Space::rest)
                                .toList();
                if (here.stream().mapToLong(Space::elements).sum() < rest) {
                    found.add(begin);
                    left = here;
                    break;
                }
            }
        }
        return found;
    }
}
