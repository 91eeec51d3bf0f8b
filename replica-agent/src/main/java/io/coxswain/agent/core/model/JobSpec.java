package io.coxswain.agent.core.model;

/**
 * One training run as the coordinator offers it. What is one runtime's business is opaque here
 * ({@code runtimeJson}).
 *
 * @param steps the last step of the job
 * @param batch samples per step over all ranks
 * @param protectEvery snapshot each N steps
 */
public record JobSpec(
        String jobId,
        String name,
        int replicas,
        int shards,
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
    public JobSpec {
        if (jobId.isEmpty()
                || replicas < 1
                || shards < 1
                || steps < 1
                || batch < 1
                || microshards < 1) {
            throw new IllegalArgumentException(
                    "job '"
                            + jobId
                            + "': id, replicas, shards, steps, batch and microshards must be given"
                            + " and positive, got "
                            + replicas
                            + "×"
                            + shards
                            + ", "
                            + steps
                            + " steps, batch "
                            + batch
                            + ", "
                            + microshards
                            + " microshards");
        }
    }

    public int ranks() {
        return replicas * shards;
    }

    /** True if the workers of different ranks reduce among themselves, and agents do not. */
    public boolean runtimeReduces() {
        return collectivesAcross.equals("runtime");
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
                + replicas
                + "×"
                + shards
                + ", "
                + steps
                + " steps, "
                + runtimeKind
                + "]";
    }
}
