package io.coxswain.agent.core.model;

import org.jspecify.annotations.Nullable;

/**
 * Names a state: a step number alone does not.
 *
 * @param epoch the view in which the step was made, or which snapshotted its base
 */
public record StateName(String jobId, long epoch, long step, int shard) {
    // Written out: a record's own are chains of method handles, which the first compiler tier does
    // not inline, and an agent compares states several times in each step.

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StateName that
                && step == that.step
                && epoch == that.epoch
                && shard == that.shard
                && jobId.equals(that.jobId);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * (31 * jobId.hashCode() + Long.hashCode(epoch)) + Long.hashCode(step))
                + shard;
    }

    @Override
    public String toString() {
        return "state(" + jobId + " epoch " + epoch + " step " + step + " shard " + shard + ")";
    }
}
