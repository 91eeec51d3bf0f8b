package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.Role;
import io.coxswain.bridge.pjrt.bundle.StatePart;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What one shard holds and how it is updated. Immutable.
 *
 * @param begin its first element in the flat parameter vector
 * @param end the end of its elements, exclusive
 * @param parts of the state, the parameters first; a snapshot has a piece for each
 * @param parameters those parts that are parameters
 * @param leaves of the whole model's parameters
 * @param update the program that makes a new state
 */
record ShardPlan(
        int shard,
        long begin,
        long end,
        List<StatePart> parts,
        List<StatePart> parameters,
        List<ParameterLeaf> leaves,
        Program update) {
    static ShardPlan of(
            ProgramBundle bundle, int shards, int shard, long begin, long end, Program update) {
        List<StatePart> parts = bundle.parts(shards, begin, end);
        return new ShardPlan(
                shard,
                begin,
                end,
                parts,
                parts.stream().filter(part -> part.role() == Role.PARAMETER).toList(),
                bundle.parameters(),
                update);
    }

    /** The same parts, of which nobody outside the program knows a flat vector. */
    ShardPlan withoutRange() {
        return new ShardPlan(shard, 0, 0, parts, parameters, leaves, update);
    }

    /** The pieces of a snapshot, in order. */
    List<SlotTable.Box> boxes() {
        List<SlotTable.Box> boxes = new ArrayList<>();
        for (StatePart part : parts) {
            boxes.add(
                    SlotTable.Box.range(
                            part.name(),
                            part.whole().element().toString(),
                            part.whole().elements(),
                            part.from(),
                            part.count(),
                            part.type().byteSize()));
        }
        return boxes;
    }

    /** Where a parameter part lies in memory that begins with an element of the flat vector. */
    MemorySegment in(MemorySegment memory, long firstElement, StatePart part) {
        long at = leaves.get(part.leaf()).begin() + part.from() - firstElement;
        return memory.asSlice(at * Float.BYTES, part.type().byteSize());
    }

    /** Where a part lies in a tensor that is the whole leaf. */
    static MemorySegment inWhole(MemorySegment leaf, StatePart part) {
        return leaf.asSlice(part.from() * part.whole().element().bytes(), part.type().byteSize());
    }
}
