package io.coxswain.coordinator.picture;

import java.util.List;
import java.util.Map;

/**
 * A job at one moment.
 *
 * @param phase lower case, as {@code CoordinatorStatus.JobPhase}
 * @param detail what it waits for, or why it ended; may be empty
 * @param steps asked for
 * @param protectedLagSteps steps completed since the protected one
 * @param protectedLagNanos what those steps took: so much work hangs on the living ranks alone
 * @param loss of the newest completed step; NaN before any
 * @param stepsPerSecond by the newest steps' median; 0 before any
 * @param slots ranks of the mesh
 * @param elapsedNanos job time
 * @param windows {@code 5m}, {@code 1h}, {@code 24h} and {@code run}, in this order
 * @param timeline over the run, oldest first, at most 240; all but the newest last equally long
 * @param incidents the newest 200, newest last; an open one is the last
 * @param curve over the run, oldest first, at most 500
 * @param exports what it leaves in a folder
 */
public record JobPicture(
        String id,
        String name,
        String phase,
        String detail,
        long epoch,
        long steps,
        long completedStep,
        long protectedStep,
        long protectedLagSteps,
        long protectedLagNanos,
        float loss,
        double stepsPerSecond,
        int slots,
        int replicas,
        int shards,
        Map<String, String> labels,
        long startedMillis,
        long elapsedNanos,
        List<Window> windows,
        List<Bucket> timeline,
        Counters counters,
        StepFigures stepTimes,
        Reliability reliability,
        CopiesPicture copies,
        List<IncidentPicture> incidents,
        List<Point> curve,
        ExportsPicture exports) {
    public JobPicture {
        labels = Map.copyOf(labels);
        windows = List.copyOf(windows);
        timeline = List.copyOf(timeline);
        incidents = List.copyOf(incidents);
        curve = List.copyOf(curve);
    }

    /** True once the job can no longer change. */
    public boolean ended() {
        return phase.equals("completed") || phase.equals("failed") || phase.equals("cancelled");
    }
}
