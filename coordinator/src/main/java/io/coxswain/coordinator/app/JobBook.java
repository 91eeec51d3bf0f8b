package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.model.JobSpec;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The jobs that do not run: those that wait, in order, and those that ended, the newest few. */
final class JobBook {
    /** A job that waits. {@code recorded}: its record is durable. */
    static final class Waiting {
        final JobSpec spec;
        final long order;
        final QueueHold hold = new QueueHold();
        boolean recorded;

        Waiting(JobSpec spec, long order, boolean recorded) {
            this.spec = spec;
            this.order = order;
            this.recorded = recorded;
        }
    }

    /** A job that is over. */
    record Ended(
            JobSpec spec,
            CoordinatorStatus.JobPhase phase,
            String reason,
            @Nullable JobReport report,
            CoordinatorStatus.@Nullable Job last) {}

    private final int keptJobs;
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();
    private final Map<String, Ended> ended = new LinkedHashMap<>();
    private long nextOrder = 1;

    JobBook(int keptJobs) {
        this.keptJobs = keptJobs;
    }

    long takeOrder() {
        return nextOrder++;
    }

    /** Orders up to this one are in use. */
    void sawOrder(long order) {
        nextOrder = Math.max(nextOrder, order + 1);
    }

    void enqueue(Waiting job) {
        waiting.put(job.spec.jobId(), job);
    }

    @Nullable Waiting waiting(String jobId) {
        return waiting.get(jobId);
    }

    @Nullable Waiting removeWaiting(String jobId) {
        return waiting.remove(jobId);
    }

    Collection<Waiting> waiting() {
        return waiting.values();
    }

    /** The next job that may start, left in the queue; those that are held are passed over. */
    @Nullable Waiting next() {
        for (Waiting job : waiting.values()) {
            if (!job.hold.holds()) {
                return job;
            }
        }
        return null;
    }

    /** 1 for the next one; 0 when it does not wait. Nobody waits for those that are held. */
    int position(String jobId) {
        int position = 1;
        for (Waiting job : waiting.values()) {
            if (job.spec.jobId().equals(jobId)) {
                return position;
            }
            position += job.hold.holds() ? 0 : 1;
        }
        return 0;
    }

    void end(Ended job) {
        ended.remove(job.spec().jobId());
        ended.put(job.spec().jobId(), job);
        if (ended.size() > keptJobs) {
            ended.remove(ended.keySet().iterator().next());
        }
    }

    void forget(String jobId) {
        ended.remove(jobId);
    }

    @Nullable Ended ended(String jobId) {
        return ended.get(jobId);
    }

    /** Newest first. */
    List<Ended> endedJobs() {
        return new ArrayList<>(ended.values()).reversed();
    }

    void clear() {
        waiting.clear();
        ended.clear();
        nextOrder = 1;
    }
}
