package io.coxswain.agent.core.model;

/**
 * Names a state: a step number alone does not.
 *
 * @param epoch the view in which the step was made, or which snapshotted its base
 */
public record StateName(String jobId, long epoch, long step, int shard) {
    @Override
    public String toString() {
        return "state(" + jobId + " epoch " + epoch + " step " + step + " shard " + shard + ")";
    }
}
