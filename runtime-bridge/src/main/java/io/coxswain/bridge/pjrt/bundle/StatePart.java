package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;

import java.util.ArrayList;
import java.util.List;

/**
 * What a shard holds of one leaf of the state: a range of its elements in row-major order, never
 * empty.
 *
 * @param role {@link Role#PARAMETER} or {@link Role#OPTIMIZER}
 * @param leaf the leaf's index in its tree
 * @param name what snapshots and digests call the leaf
 * @param treeIndex its place among all leaves of the state, the parameters first
 * @param whole the type of the whole leaf
 * @param from the first element of the range
 * @param count how many elements it has
 * @param type of the range as programs take it: the leaf's, or one dimension where leaves are cut
 */
public record StatePart(
        Role role,
        int leaf,
        String name,
        int treeIndex,
        TensorType whole,
        long from,
        long count,
        TensorType type) {
    /** As an argument or a result of a program. */
    public Operand operand() {
        return new Operand(role, leaf, type);
    }

    /**
     * The parts of a shard: of the parameters first, then of the optimizer's state, each in the
     * order of the leaves.
     *
     * @param shards of how many
     * @param begin the shard's first element in the flat parameter vector
     * @param end their end, exclusive
     */
    static List<StatePart> of(
            List<ParameterLeaf> parameters,
            List<OptimizerLeaf> optimizer,
            int shards,
            long begin,
            long end) {
        List<StatePart> parts = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            ParameterLeaf leaf = parameters.get(i);
            cut(parts, Role.PARAMETER, i, leaf.name(), i, leaf.type(), leaf, shards, begin, end);
        }
        for (int i = 0; i < optimizer.size(); i++) {
            OptimizerLeaf leaf = optimizer.get(i);
            int treeIndex = parameters.size() + i;
            if (leaf.isWhole()) {
                parts.add(
                        new StatePart(
                                Role.OPTIMIZER,
                                i,
                                leaf.name(),
                                treeIndex,
                                leaf.type(),
                                0,
                                leaf.elements(),
                                leaf.type()));
            } else {
                cut(
                        parts,
                        Role.OPTIMIZER,
                        i,
                        leaf.name(),
                        treeIndex,
                        leaf.type(),
                        parameters.get(leaf.like()),
                        shards,
                        begin,
                        end);
            }
        }
        return List.copyOf(parts);
    }

    private static void cut(
            List<StatePart> parts,
            Role role,
            int leaf,
            String name,
            int treeIndex,
            TensorType whole,
            ParameterLeaf like,
            int shards,
            long begin,
            long end) {
        long from = Math.max(begin, like.begin()) - like.begin();
        long to = Math.min(end, like.end()) - like.begin();
        if (from < to) {
            TensorType type =
                    shards == 1 ? whole : new TensorType(whole.element(), List.of(to - from));
            parts.add(new StatePart(role, leaf, name, treeIndex, whole, from, to - from, type));
        }
    }
}
