package io.coxswain.chaos.checker;

import io.coxswain.bridge.reference.Stall;
import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.ledger.Category;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Whether the ledger charges what was injected to the right category: data stalls to {@code
 * data_wait}, a slow rank to the {@code straggler_wait} of the others, deaths and hangs to {@code
 * detection} and {@code recovery}. What was injected is known from the job's file and from when
 * faults came and steps went on, as this process saw it; the ledger is not asked for it. A part and
 * a floor are allowed for what a machine adds of its own.
 *
 * <p>It needs agent collectives and a stall's ranks and steps to be clear of the other faults.
 *
 * @param part of the injected time
 * @param floorNanos of slot time, for each category
 */
public record Attribution(double part, long floorNanos) implements Oracle {
    public static final String NAME = "attribution";

    /** One category's truth and account, in slot-nanoseconds. */
    private record Charge(String what, double injected, double booked) {
        double off() {
            return Math.abs(booked - injected);
        }

        String text() {
            return String.format(
                    Locale.ROOT,
                    "%s: injected %.3f slot-seconds, booked %.3f (%+.1f%%)",
                    what,
                    injected / 1e9,
                    booked / 1e9,
                    injected == 0 ? 0 : 100 * (booked - injected) / injected);
        }
    }

    @Override
    public Verdict judge(Evidence evidence) {
        JobReport report = evidence.report();
        if (report == null || !report.completed()) {
            return Verdict.fails(NAME, "there is no report of a completed job to judge");
        }
        JobFacts job = evidence.job();
        Map<String, BigInteger> booked = report.goodput().categories();
        List<Charge> charges =
                List.of(
                        new Charge(
                                "data stalls", stalled(job, true), sum(booked, Category.DATA_WAIT)),
                        new Charge(
                                "stragglers", waitedFor(job), sum(booked, Category.STRAGGLER_WAIT)),
                        new Charge(
                                "deaths and hangs",
                                report.goodput().slots() * interruptions(evidence),
                                sum(
                                        booked,
                                        Category.DETECTION,
                                        Category.RECOVERY_FENCE,
                                        Category.RECOVERY_DECIDE,
                                        Category.RECOVERY_RESTORE,
                                        Category.RECOVERY_RESUME,
                                        Category.LOST_PROGRESS)));
        var texts = new ArrayList<String>();
        boolean holds = true;
        for (Charge charge : charges) {
            holds &= charge.off() <= part * charge.injected() + floorNanos;
            texts.add(charge.text());
        }
        String says = String.join("; ", texts);
        return holds ? Verdict.holds(NAME, says) : Verdict.fails(NAME, says);
    }

    private static double sum(Map<String, BigInteger> booked, Category... categories) {
        double sum = 0;
        for (Category category : categories) {
            sum += booked.getOrDefault(category.key(), BigInteger.ZERO).doubleValue();
        }
        return sum;
    }

    /** Slot time that ranks spend in their own stalls. */
    private static double stalled(JobFacts job, boolean data) {
        double millis = 0;
        for (Stall stall : job.stalls()) {
            if (stall.data() == data) {
                long steps = Math.min(stall.lastStep(), job.steps()) - stall.firstStep() + 1;
                millis += (double) steps * stall.millis() * (stall.rank() < 0 ? job.ranks() : 1);
            }
        }
        return millis * 1e6;
    }

    /** Slot time that others spend waiting for a rank that is stalled alone, by whatever. */
    private static double waitedFor(JobFacts job) {
        double millis = 0;
        for (Stall stall : job.stalls()) {
            if (stall.rank() >= 0) {
                long steps = Math.min(stall.lastStep(), job.steps()) - stall.firstStep() + 1;
                millis += (double) steps * stall.millis() * (job.ranks() - 1);
            }
        }
        return millis * 1e6;
    }

    /**
     * Time from faults to the beginning of the next step's work: what passed until the next
     * completed step, less the time of a step. A fault during another's recovery adds nothing.
     */
    private static double interruptions(Evidence evidence) {
        double stepNanos = Goodput.of(evidence).stepNanos();
        double sum = 0;
        long until = Long.MIN_VALUE;
        for (Firing firing : evidence.firings()) {
            if (!firing.failure().isEmpty() || firing.nanos() < until) {
                continue;
            }
            boolean activated = false;
            for (Happening.Told told : evidence.journal()) {
                if (told.nanos() <= firing.nanos()) {
                    continue;
                }
                activated |= told.event() instanceof CoordinatorEvent.ViewActivated;
                if (activated && told.event() instanceof CoordinatorEvent.StepsCompleted) {
                    until = told.nanos();
                    sum += Math.max(0, until - firing.nanos() - stepNanos);
                    break;
                }
            }
        }
        return sum;
    }
}
