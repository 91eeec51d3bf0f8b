package io.coxswain.coordinator.core.job;

import java.util.List;

/**
 * How a job ended.
 *
 * @param reason why it failed or was cancelled; empty when completed
 * @param finalDigest lower-case hex SHA-256, empty unless completed
 */
public record JobResult(
        boolean completed,
        String reason,
        long steps,
        String finalDigest,
        double finalLoss,
        double heldOutLoss,
        double accuracy,
        long samplesSeen,
        List<Long> samplesDistinctPerPass) {
    public JobResult {
        samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
    }
}
