package io.coxswain.agent.core.model;

import org.jspecify.annotations.Nullable;

/**
 * How a rank comes to its state.
 *
 * @param state what to restore
 * @param digest expected; {@link Digest#NONE} where none is known
 * @param donor for {@link Action#FETCH} only
 */
public record Restore(Action action, StateName state, Digest digest, @Nullable Peer donor) {
    /** The ways to a state. */
    public enum Action {
        /** Computed from the seed. */
        INIT,
        /** The worker's live state is the target. */
        KEEP_LIVE,
        /** From an own snapshot in the local arena. */
        LOAD_LOCAL,
        /** From a donor over the data plane. */
        FETCH,
        /** From a copy that this agent holds for another. */
        PROMOTE_COPY
    }
}
