package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;

/**
 * An argument or a result of a program.
 *
 * @param leaf the index of the leaf in its tree; {@value #NO_LEAF} for a loss or an accuracy
 */
public record Operand(Role role, int leaf, TensorType type) {
    /** In place of a leaf's index. */
    public static final int NO_LEAF = -1;
}
