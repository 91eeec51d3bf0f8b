package io.coxswain.coordinator.core.model;

import java.util.List;

/**
 * What an agent may do in the view that it is in, as it says when it attaches. A leader that has
 * not granted it grants above it.
 *
 * @param started the view has begun there; else the agent is ready and waits for that
 * @param through steps up to this may be made
 * @param floors where the runtime reduces, by which floors the steps are decided that were granted
 * @param reportEvery progress is cut at multiples of this
 * @param sinceNanos since the end of the last run of steps that was cut, or since the view began
 * @param idle no step is under way: credits, lease or the job are at their end
 * @param left it has left that view since, and may do nothing in it
 * @param snapshotEvery steps between snapshots up to {@code interval}; 0: unknown, or none
 * @param interval the newest change of that which came with a grant of this view
 */
public record Standing(
        long epoch,
        int rank,
        boolean started,
        long through,
        List<GrantedFloor> floors,
        int reportEvery,
        long sinceNanos,
        boolean idle,
        boolean left,
        int snapshotEvery,
        SnapshotInterval interval) {
    public Standing {
        floors = List.copyOf(floors);
        if (epoch < 1 || rank < 0 || through < 0 || reportEvery < 0 || sinceNanos < 0) {
            throw new IllegalArgumentException(
                    "a standing has an epoch from 1 on and nothing negative, got epoch "
                            + epoch
                            + ", rank "
                            + rank
                            + ", through "
                            + through
                            + ", reports every "
                            + reportEvery
                            + ", since "
                            + sinceNanos);
        }
    }

    /** With the snapshots of its plan. */
    public Standing(
            long epoch,
            int rank,
            boolean started,
            long through,
            List<GrantedFloor> floors,
            int reportEvery,
            long sinceNanos,
            boolean idle,
            boolean left) {
        this(
                epoch,
                rank,
                started,
                through,
                floors,
                reportEvery,
                sinceNanos,
                idle,
                left,
                0,
                SnapshotInterval.PLANNED);
    }
}
