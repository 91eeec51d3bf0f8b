package io.coxswain.bridge.pjrt.bundle;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What an argument or a result of a program is. */
public enum Role {
    /** A parameter leaf, or a shard's range of it. */
    PARAMETER,
    /** A leaf of the optimizer's state, or a shard's range of it. */
    OPTIMIZER,
    /** The gradient of a parameter leaf, or a shard's range of it. */
    GRADIENT,
    /** An array of the batch. */
    BATCH,
    /** The loss, a float32. */
    LOSS,
    /** The fraction that is classified correctly, a float32. */
    ACCURACY;

    /** As manifests write it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** All words. */
    static List<String> words() {
        return Arrays.stream(values()).map(Role::word).toList();
    }

    /** The role of one of the words. */
    static Role called(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    /** Whether it names a leaf. */
    boolean hasLeaf() {
        return this != LOSS && this != ACCURACY;
    }
}
