package io.coxswain.bridge.spi;

/**
 * A job as far as a runtime needs it.
 *
 * @param replicas how often the state is held
 * @param shards into how many shards it is cut
 * @param seed of everything random
 * @param data path or URI of the training data
 * @param batch samples per step, over all ranks
 * @param microshards into how many parts the batch is cut
 * @param configuration the runtime's own section of the job file, as JSON
 */
public record TrainingJob(
        String jobId,
        int replicas,
        int shards,
        long steps,
        long seed,
        String data,
        int batch,
        int microshards,
        String configuration) {
    /** Checks that the mesh and the batch are not empty. */
    public TrainingJob {
        if (replicas < 1 || shards < 1 || batch < 1 || microshards < 1 || steps < 0) {
            throw new IllegalArgumentException(
                    "job %s: replicas %d, shards %d, batch %d and microshards %d must each be at least 1, steps %d at least 0"
                            .formatted(jobId, replicas, shards, batch, microshards, steps));
        }
    }

    /** How many ranks the mesh has. */
    public int ranks() {
        return Math.multiplyExact(replicas, shards);
    }

    /** How many microshards a rank computes, at most. */
    public int microshardsPerRank() {
        return Math.ceilDiv(microshards, ranks());
    }
}
