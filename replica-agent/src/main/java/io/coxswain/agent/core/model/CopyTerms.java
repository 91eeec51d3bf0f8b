package io.coxswain.agent.core.model;

import java.util.List;

/**
 * What the owner of a shard says with each copy that it pushes, so that the holder can make room
 * without giving up a state that somebody may go back to.
 *
 * @param epoch the view that the owner is in: a holder takes copies of its own view only
 * @param floor the agreed floor: the holder may free what is older
 * @param needed steps of the shard that the owner may still go back to or wants acknowledged,
 *     ascending; with all its slots full the holder gives up another one
 * @param placementVersion the placement that names the holder, at least 1
 */
public record CopyTerms(long epoch, long floor, List<Long> needed, long placementVersion) {
    /** Checks the placement's version. */
    public CopyTerms {
        needed = List.copyOf(needed);
        if (placementVersion < 1) {
            throw new IllegalArgumentException(
                    "a push needs a placement version of at least 1, got " + placementVersion);
        }
    }
}
