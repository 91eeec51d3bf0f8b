package io.coxswain.agent.collective;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What this agent has promised to refuse: older epochs of the job it is in, and all that the jobs
 * had which it has left. Epochs count within a job; a job that comes back under the id of a former
 * one begins above that one's epochs. Not thread-safe.
 */
final class Fence {
    /** More than any word of a job that is over outlives. */
    private static final int FORMER_JOBS = 64;

    /** By job, the epoch below which all is refused. */
    private final Map<String, Long> former = new LinkedHashMap<>();

    private String job = "";
    private long epoch;

    /**
     * Refuses epochs below this one from now on; another job than before makes that one a former
     * one.
     *
     * @return false if it is a word of a former job: nothing changes
     */
    boolean raise(String ofJob, long toEpoch) {
        if (ofJob.equals(job)) {
            epoch = Math.max(epoch, toEpoch);
            return true;
        }
        Long left = former.get(ofJob);
        if (left != null && toEpoch <= left) {
            return false;
        }
        former.remove(ofJob);
        if (!job.isEmpty()) {
            former.put(job, epoch);
            if (former.size() > FORMER_JOBS) {
                former.remove(former.keySet().iterator().next());
            }
        }
        job = ofJob;
        epoch = toEpoch;
        return true;
    }

    boolean refuses(String ofJob, long ofEpoch) {
        if (ofJob.equals(job)) {
            return ofEpoch < epoch;
        }
        Long left = former.get(ofJob);
        return left != null && ofEpoch <= left;
    }

    /** True if it belongs to the job that this agent is in, and is not refused. */
    boolean admits(String ofJob, long ofEpoch) {
        return ofJob.equals(job) && ofEpoch >= epoch;
    }
}
