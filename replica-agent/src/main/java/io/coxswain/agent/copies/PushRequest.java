package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;

/**
 * A copy to be made at a holder.
 *
 * @param source committed, and neither freed nor unmapped before {@link CopyPlane.Listener#pushed}
 * @param floor the agreed floor: the holder may free what is older
 * @param placementVersion the placement that names the holder, at least 1
 * @param droppable while this waits for its turn, a newer state of the same shard for the same
 *     holder may take its place; it is then reported as not verified
 */
public record PushRequest(
        StateName state,
        Slot source,
        Peer holder,
        long floor,
        long placementVersion,
        boolean droppable) {
    /** Checks the placement's version. */
    public PushRequest {
        if (placementVersion < 1) {
            throw new IllegalArgumentException(
                    "a push needs a placement version of at least 1, got " + placementVersion);
        }
    }
}
