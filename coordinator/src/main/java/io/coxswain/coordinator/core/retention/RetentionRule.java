package io.coxswain.coordinator.core.retention;

import java.util.ArrayList;
import java.util.List;

/**
 * Which finished jobs are to be forgotten: those beyond the newest so many, and those that ended
 * too long ago.
 *
 * @param jobs the newest that are kept, at least 1
 * @param ageMillis how long a finished job is kept; 0: for ever
 */
public record RetentionRule(int jobs, long ageMillis) {
    /** Jobs that one pass forgets at most: the store has other things to do. */
    public static final int PASS = 16;

    /** The most that may be kept: all are read when the lead changes. */
    public static final int MOST_JOBS = 10_000;

    /** A hundred jobs, however old. */
    public static final RetentionRule DEFAULT = new RetentionRule(100, 0);

    public RetentionRule {
        if (jobs < 1 || jobs > MOST_JOBS) {
            throw new IllegalArgumentException(
                    "a history keeps 1 to " + MOST_JOBS + " finished jobs, got " + jobs);
        }
        if (ageMillis < 0) {
            throw new IllegalArgumentException(
                    "finished jobs cannot be kept for less than no time: " + ageMillis + " ms");
        }
    }

    /**
     * A job whose end is durable.
     *
     * @param endedMillis wall time; 0: unknown, and too old for nobody
     */
    public record Finished(String jobId, long endedMillis) {}

    /**
     * Those to forget now, oldest first, {@link #PASS} at most.
     *
     * @param finished oldest first
     * @param nowMillis wall time; 0: unknown
     */
    public List<Finished> surplus(List<Finished> finished, long nowMillis) {
        var surplus = new ArrayList<Finished>();
        for (int i = 0; i < finished.size() && surplus.size() < PASS; i++) {
            Finished job = finished.get(i);
            boolean many = finished.size() - i > jobs;
            if (many || (dueMillis(job) != Long.MAX_VALUE && dueMillis(job) <= nowMillis)) {
                surplus.add(job);
            }
        }
        return surplus;
    }

    /** When that job is too old; {@link Long#MAX_VALUE}: never. */
    public long dueMillis(Finished job) {
        return ageMillis == 0 || job.endedMillis() == 0
                ? Long.MAX_VALUE
                : job.endedMillis() + ageMillis;
    }
}
