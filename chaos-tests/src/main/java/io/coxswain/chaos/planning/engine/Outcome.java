package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.ledger.Category;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What one policy made of one trace.
 *
 * @param slots rank slots
 * @param categories slot-nanoseconds, all categories; they sum to {@code totalSlotNanos}
 * @param interruptions times that steps stopped
 * @param failures of the trace that hit a machine of this fleet that was up, by component
 * @param stepsLost completed steps that were made again
 * @param stateLosses times that a shard had no instance left and the job began again from its last
 *     export, or from the start
 * @param shortages times that the job waited for machines
 * @param leastIdleSpares the fewest spares that were up and idle at any time; negative: that many
 *     ranks had no machine
 * @param survives what the first placement survives, in the planner's words
 * @param every steps between snapshots or checkpoints; 0 where there are none
 */
public record Outcome(
        String policy,
        int slots,
        long elapsedNanos,
        BigInteger totalSlotNanos,
        Map<Category, BigInteger> categories,
        long interruptions,
        Map<String, Long> failures,
        long stepsLost,
        long stateLosses,
        List<Shortage> shortages,
        int leastIdleSpares,
        String survives,
        Survival survival,
        Phases phases,
        long every,
        List<Account.Point> timeline) {
    /**
     * The job waited from one instant to another.
     *
     * @param missing machines at the worst moment
     * @param idleSeconds slot-seconds that a job which shrank to whole replicas would have left
     *     idle
     */
    public record Shortage(long fromNanos, long untilNanos, int missing, double idleSeconds) {
        public long nanos() {
            return untilNanos - fromNanos;
        }
    }

    /** Sums over all incidents, in nanoseconds of the job's time. */
    public record Phases(
            long incidents, long detect, long fence, long decide, long restore, long resume) {
        public static final Phases NONE = new Phases(0, 0, 0, 0, 0, 0);
    }

    /** The same under another policy's name. */
    public Outcome named(String name) {
        return new Outcome(
                name,
                slots,
                elapsedNanos,
                totalSlotNanos,
                categories,
                interruptions,
                failures,
                stepsLost,
                stateLosses,
                shortages,
                leastIdleSpares,
                survives,
                survival,
                phases,
                every,
                timeline);
    }

    public Outcome {
        categories = Collections.unmodifiableMap(new EnumMap<>(categories));
        failures = Map.copyOf(failures);
        shortages = List.copyOf(shortages);
        timeline = List.copyOf(timeline);
    }

    /** Productive over total; 0 where nothing ran. */
    public double goodput() {
        return share(Category.PRODUCTIVE);
    }

    /** That category over the total; 0 where nothing ran. */
    public double share(Category category) {
        return totalSlotNanos.signum() == 0
                ? 0
                : categories.getOrDefault(category, BigInteger.ZERO).doubleValue()
                        / totalSlotNanos.doubleValue();
    }
}
