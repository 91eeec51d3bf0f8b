package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.retention.RetentionRule;
import io.coxswain.coordinator.core.retention.RetentionRule.Finished;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The finished jobs in the store, and the forgetting of those that are not to be kept: a pass at a
 * time. What is not known to have ended durably is not in here. Owned by the decision loop.
 */
final class HistoryDesk {
    /** How often ages are looked at. */
    private static final long LOOK_NANOS = 60_000_000_000L;

    private final RetentionRule rule;
    private final JobRun.Context context;
    private final JobBook book;

    /** In the store, oldest first. */
    private final Map<String, Finished> finished = new LinkedHashMap<>();

    private int underWay;
    private long forgotten;
    private long lookNanos = Long.MAX_VALUE;

    HistoryDesk(RetentionRule rule, JobRun.Context context, JobBook book) {
        this.rule = rule;
        this.context = context;
        this.book = book;
    }

    /** A job's end is durable since then; 0: that is not known. */
    void ended(String jobId, long endedMillis) {
        finished.remove(jobId);
        finished.put(jobId, new Finished(jobId, endedMillis));
    }

    /** It ended just now. */
    void ended(String jobId) {
        ended(jobId, context.wallMillis(context.nowNanos()));
    }

    /** After each input, and as time passes. */
    void settle() {
        if (underWay > 0) {
            return;
        }
        long now = context.nowNanos();
        boolean ages = rule.ageMillis() > 0 && !finished.isEmpty();
        if (!ages) {
            lookNanos = Long.MAX_VALUE;
        } else if (lookNanos == Long.MAX_VALUE) {
            lookNanos = now;
        }
        if (finished.size() <= rule.jobs() && now < lookNanos) {
            return;
        }
        if (ages) {
            lookNanos = now + LOOK_NANOS;
        }
        List<Finished> all = new ArrayList<>(finished.values());
        for (Finished job : rule.surplus(all, context.wallMillis(context.nowNanos()))) {
            underWay++;
            context.persist(new StoreRecord.Forgotten(job.jobId()), () -> gone(job));
        }
    }

    private void gone(Finished job) {
        underWay--;
        forgotten++;
        finished.remove(job.jobId());
        book.forget(job.jobId());
    }

    long nextDeadlineNanos() {
        return underWay > 0 ? Long.MAX_VALUE : lookNanos;
    }

    /** What is kept, and how many jobs this leader forgot. */
    CoordinatorStatus.History told() {
        return new CoordinatorStatus.History(rule.jobs(), rule.ageMillis(), forgotten);
    }

    /** The term is over. */
    void clear() {
        finished.clear();
        underWay = 0;
        forgotten = 0;
        lookNanos = Long.MAX_VALUE;
    }
}
