package io.coxswain.launcher.job;

import io.coxswain.launcher.EnvironmentException;

/** The {@code runtime} section: what the runtime reads, and what the launcher must know of it. */
public interface RuntimeSection {
    /** For the runtime. */
    String json();

    /** Parameters of the whole model; 0 where that is not known here. */
    long parameters();

    /** About the data bytes of a snapshot of the largest shard; not less than they are. */
    long stateBytes(int shards);

    /**
     * What a worker keeps in shared memory beside the parameters, gradients and snapshots, in
     * bytes.
     */
    default long liveBytes() {
        return 0;
    }

    /** How many processes of an agent are its worker. */
    default int processes() {
        return 1;
    }

    /** Somebody else starts the processes of the workers. */
    default boolean attached() {
        return false;
    }

    /** State that a rank carries only to be larger, in bytes. */
    default long ballastBytes() {
        return 0;
    }

    /**
     * Checks that this machine can run it.
     *
     * @throws EnvironmentException with the command that helps
     */
    default void requireHere() throws EnvironmentException {}

    /**
     * The most elements that a shard may have of a vector: shards are cut at blocks, so one may be
     * a block longer than its part.
     */
    static long shardElements(long elements, int shards) {
        return Math.min(elements, elements / shards + (64 << 10));
    }
}
