package io.coxswain.coordinator.core.model;

import java.util.Map;

/**
 * One training run as asked for. What is one runtime's business is opaque here ({@code
 * runtimeJson}).
 *
 * @param protectCopies verified instances of each shard besides the owner
 * @param protectEvery snapshot each N steps; {@link #AUTOMATIC}: measured and chosen while it runs
 * @param protectLevel level of the failure-domain path at which copies must differ
 * @param returnWaitNanos how long a job with a lost shard waits for a holder that may come back
 * @param labels for people and tools, in the bounds of {@link JobLabels}; nothing in the run
 *     depends on them
 */
public record JobSpec(
        String jobId,
        String name,
        Mesh mesh,
        long steps,
        long seed,
        String data,
        int batch,
        int microshards,
        int protectCopies,
        int protectEvery,
        int protectLevel,
        long returnWaitNanos,
        String collectivesWithin,
        String collectivesAcross,
        String runtimeKind,
        String runtimeJson,
        Map<String, String> labels) {
    /** {@code protect.every: auto}. */
    public static final int AUTOMATIC = 0;

    public JobSpec {
        labels = JobLabels.checked(jobId, labels);
        if (steps < 1
                || batch < 1
                || microshards < 1
                || protectCopies < 0
                || protectEvery < AUTOMATIC
                || protectLevel < 0
                || returnWaitNanos < 0) {
            throw new IllegalArgumentException(
                    "job " + jobId + ": a bound is broken; the job file's reader names the field");
        }
        if (collectivesAcross.equals("agent") && mesh.ranks() > microshards) {
            throw new IllegalArgumentException(
                    "mesh "
                            + mesh
                            + " has "
                            + mesh.ranks()
                            + " ranks but the batch has only "
                            + microshards
                            + " microshards: each rank needs one");
        }
    }

    /** True if the workers of different ranks reduce among themselves, and agents do not. */
    public boolean runtimeReduces() {
        return collectivesAcross.equals("runtime");
    }

    /** True if the coordinator chooses how far apart snapshots are. */
    public boolean protectsAutomatically() {
        return protectEvery == AUTOMATIC;
    }

    /** A job without labels. */
    public JobSpec(
            String jobId,
            String name,
            Mesh mesh,
            long steps,
            long seed,
            String data,
            int batch,
            int microshards,
            int protectCopies,
            int protectEvery,
            int protectLevel,
            long returnWaitNanos,
            String collectivesWithin,
            String collectivesAcross,
            String runtimeKind,
            String runtimeJson) {
        this(
                jobId,
                name,
                mesh,
                steps,
                seed,
                data,
                batch,
                microshards,
                protectCopies,
                protectEvery,
                protectLevel,
                returnWaitNanos,
                collectivesWithin,
                collectivesAcross,
                runtimeKind,
                runtimeJson,
                Map.of());
    }

    /**
     * For logs and dumps: without {@code runtimeJson}, which may hold what a user gave its program
     * in confidence.
     */
    @Override
    public String toString() {
        return "JobSpec["
                + jobId
                + ", mesh "
                + mesh
                + ", "
                + steps
                + " steps, "
                + runtimeKind
                + "]";
    }
}
