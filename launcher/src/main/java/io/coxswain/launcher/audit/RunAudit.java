package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * What an event log comes to.
 *
 * @param wallNanos from the job's start to its end, or to the log's last entry; the sum of {@code
 *     byWall}
 * @param workers how many there should be, as the log says last; 0 if it never says
 * @param byWall nanos by category; those without time are absent, and {@code CAPACITY_DOWN} always
 * @param byWorker worker-nanos by category, in sum those of all workers that there should be; null
 *     if the log never says how many
 * @param usefulSteps steps that finished and were never rolled back
 * @param notes what a reader of the figures has to know
 */
public record RunAudit(
        long wallNanos,
        int workers,
        Map<AuditCategory, Long> byWall,
        @Nullable Map<AuditCategory, BigInteger> byWorker,
        int usefulSteps,
        int attempts,
        int failures,
        long entries,
        List<String> notes) {
    public RunAudit {
        byWall = Collections.unmodifiableMap(byWall);
        byWorker = byWorker == null ? null : Collections.unmodifiableMap(byWorker);
        notes = List.copyOf(notes);
    }

    /** Nanos of a category, 0 if there are none. */
    public long nanos(AuditCategory category) {
        return byWall.getOrDefault(category, 0L);
    }

    /** Worker-nanos of a category, 0 if there are none or the log does not say. */
    public BigInteger workerNanos(AuditCategory category) {
        return byWorker == null
                ? BigInteger.ZERO
                : byWorker.getOrDefault(category, BigInteger.ZERO);
    }

    /** Of all workers and categories together. */
    public BigInteger totalWorkerNanos() {
        return byWorker == null
                ? BigInteger.ZERO
                : byWorker.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    }
}
