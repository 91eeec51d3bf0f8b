package io.coxswain.agent.core.model;

import java.util.List;

/**
 * What this agent may do in the view that it is in, for a leader that has not granted it: that one
 * grants above it.
 *
 * @param started the view has begun here; else the agent is ready and waits for that
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
