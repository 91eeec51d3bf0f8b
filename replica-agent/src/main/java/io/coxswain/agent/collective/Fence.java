package io.coxswain.agent.collective;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What this agent has promised to refuse: older epochs of the job it is in, and all of the jobs it
 * has left. Epochs count within a job. Not thread-safe.
 */
final class Fence {
    /** More than any word of a job that is over outlives. */
    private static final int FORMER_JOBS = 64;

    private final Set<String> former = new LinkedHashSet<>();
    private String job = "";
    private long epoch;

    /**
     * Refuses epochs below this one from now on; another job than before makes that one a former
     * one.
     *
     * @return false if the job is a former one: nothing changes
     */
    boolean raise(String ofJob, long toEpoch) {
        if (former.contains(ofJob)) {
            return false;
        }
        if (ofJob.equals(job)) {
            epoch = Math.max(epoch, toEpoch);
            return true;
        }
        if (!job.isEmpty()) {
            former.add(job);
            if (former.size() > FORMER_JOBS) {
                former.remove(former.iterator().next());
            }
        }
        job = ofJob;
        epoch = toEpoch;
        return true;
    }

    boolean refuses(String ofJob, long ofEpoch) {
        return former.contains(ofJob) || (ofJob.equals(job) && ofEpoch < epoch);
    }

    /** True if it belongs to the job that this agent is in, and is not refused. */
    boolean admits(String ofJob, long ofEpoch) {
        return ofJob.equals(job) && ofEpoch >= epoch;
    }
}
