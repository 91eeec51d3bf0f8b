package io.coxswain.agent.core;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The epochs that jobs had which are over, the newest of them. A coordinator that has forgotten a
 * job takes its id for a new one; peers and the data plane may not, so that its epochs begin above
 * those of the former one.
 */
final class FormerJobs {
    /** More than any word of a job that is over outlives. */
    private static final int KEPT = 64;

    private final Map<String, Long> promises = new LinkedHashMap<>();

    /** That job is over: none of its epochs below is followed again. */
    void ended(String jobId, long below) {
        promises.remove(jobId);
        promises.put(jobId, below);
        if (promises.size() > KEPT) {
            promises.remove(promises.keySet().iterator().next());
        }
    }

    /** Below which no epoch of that job is followed; 0: there was none. */
    long promised(String jobId) {
        return promises.getOrDefault(jobId, 0L);
    }
}
