package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.app.StoreRecord;

import java.math.BigInteger;
import java.util.Map;

/**
 * Ledger categories tile time exactly, and say what really was: what the simulator knows to be
 * productive or lost is booked so.
 */
public final class LedgerTiles implements Invariant {
    private static final double TOLERANCE = 0.25;
    private static final long SLACK_NANOS = 3_000_000_000L;

    @Override
    public String name() {
        return "I13 ledger tiles";
    }

    private void broken(String text) {
        throw new InvariantViolated(name(), text);
    }

    private static BigInteger sum(Map<String, BigInteger> categories) {
        return categories.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    }

    /** Nanos of a simulated job, which is short. */
    private static long nanos(Map<String, BigInteger> categories, String category) {
        return categories.getOrDefault(category, BigInteger.ZERO).longValueExact();
    }

    @Override
    public void storeApplied(
            String coordinator, long writerTerm, long termInStore, StoreRecord record) {
        if (record instanceof StoreRecord.Account account) {
            for (var category : account.categoryNanos().entrySet()) {
                if (category.getValue().signum() < 0) {
                    broken(category + " is negative in " + account);
                }
            }
        }
    }

    @Override
    public void accounted(JobHistory job, StoreRecord.Account account) {
        long slots = job.spec.mesh().ranks();
        long sum = sum(account.categoryNanos()).longValueExact();
        if (sum % slots != 0 || sum < account.jobTimeNanos() * slots) {
            broken(
                    "categories sum to "
                            + sum
                            + ", "
                            + slots
                            + " slots of "
                            + account.jobTimeNanos()
                            + " ns are "
                            + slots * account.jobTimeNanos());
        }
    }

    // What leaders said by events is what they booked. Where one had a fault it may have said so to
    // nobody, or another did; and one that took over books as paused what nobody booked before.
    private void paused(JobHistory job, Map<String, BigInteger> categories) {
        long booked = nanos(categories, "paused");
        long slack = SLACK_NANOS * job.spec.mesh().ranks();
        boolean little = booked < job.pausedSlotNanos * (1 - TOLERANCE) - slack;
        boolean much = booked > job.pausedSlotNanos * (1 + TOLERANCE) + slack;
        if (!job.controllerHurt && job.takeovers == 0 && (little || much)) {
            broken(
                    "the job stood for "
                            + job.pausedSlotNanos / 1_000_000
                            + " slot-ms, booked as paused are "
                            + booked / 1_000_000);
        }
    }

    @Override
    public void reported(JobHistory job, StoreRecord.Result result) {
        JobReport report = JobReport.fromJson(result.reportJson());
        JobReport.Goodput goodput = report.goodput();
        Map<String, BigInteger> categories = goodput.categories();
        if (goodput.elapsedNanos() == 0) {
            return;
        }
        long sum = sum(categories).longValueExact();
        long total = goodput.totalSlotNanos().longValueExact();
        if (sum != total || total != goodput.elapsedNanos() * goodput.slots()) {
            broken(
                    "categories sum to "
                            + sum
                            + " of "
                            + total
                            + " slot-nanos, "
                            + goodput.slots()
                            + " slots of "
                            + goodput.elapsedNanos());
        }
        if (nanos(categories, "other") > total / 1000) {
            broken("more than 0.1% is other: " + categories);
        }
        paused(job, categories);
        long lost = nanos(categories, "lost_progress");
        long waited =
                nanos(categories, "straggler_wait")
                        + nanos(categories, "snapshot_stall")
                        + nanos(categories, "data_wait");
        // Steps of which only a leader heard that is gone are not on the account of the next one.
        boolean allHeard = !(job.controllerHurt && job.takeovers > 0);
        // What was waited for within a step stays what it was when the step is rolled back.
        if (allHeard && lost + waited < job.rolledBackStepNanos * (1 - TOLERANCE) - SLACK_NANOS) {
            broken(
                    "steps of "
                            + job.rolledBackStepNanos / 1_000_000
                            + " slot-ms were rolled back, booked as lost are "
                            + lost / 1_000_000
                            + ", as waited for "
                            + waited / 1_000_000);
        }
        long made = 0;
        long everMade = 0;
        for (ViewHistory view : job.views.values()) {
            for (long nanos : view.spentNanos) {
                everMade += nanos;
            }
            for (long nanos : view.durations.values()) {
                made += nanos;
            }
        }
        long productive = nanos(categories, "productive") + waited;
        // Not all is known of what a leader made possible that was not there to hear of it; and a
        // first step in which ranks that were fenced apart find each other may take seconds.
        boolean tooLittle =
                result.completed()
                        && !job.controllerHurt
                        && productive + lost < made * (1 - TOLERANCE) - SLACK_NANOS;
        boolean tooMuch = allHeard && productive > everMade * (1 + TOLERANCE) + SLACK_NANOS;
        // Nobody knows how long a first step takes: one that is cancelled may have been made.
        boolean tooMuchLost =
                job.observed
                        && allHeard
                        && (result.completed() || everMade > SLACK_NANOS)
                        && lost > everMade * (1 + TOLERANCE) + SLACK_NANOS;
        if (tooLittle || tooMuch || tooMuchLost) {
            broken(
                    "ranks made steps for "
                            + made / 1_000_000
                            + " slot-ms, booked are "
                            + productive / 1_000_000
                            + " as made and "
                            + lost / 1_000_000
                            + " as lost, of "
                            + categories);
        }
    }
}
