package io.coxswain.chaos.planning;

import io.coxswain.chaos.planning.engine.Conditions;
import io.coxswain.chaos.planning.engine.JobDriver;
import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.chaos.planning.engine.RefusedException;
import io.coxswain.chaos.planning.engine.Survival;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.policy.ClosedForm;
import io.coxswain.chaos.planning.policy.DiskRestart;
import io.coxswain.chaos.planning.policy.DiskSettings;
import io.coxswain.chaos.planning.policy.ShrinkOrWait;
import io.coxswain.chaos.planning.report.PlanReport;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.launcher.console.Texts;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Runs the policies, the sweep and the search for spares over one trace, and says what follows. */
final class Plan {
    static final List<String> POLICIES = List.of("disk", "copies", "copies+spares");

    /** Hears how far a run is, 0 to 1. */
    interface Watcher {
        void at(String run, double share);
    }

    /** The run at hand is not wanted any more. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Stopped(String where) {
            super(where);
        }
    }

    private final Conditions conditions;
    private final DiskSettings disk;
    private final FailureTrace trace;
    private final Watcher watcher;
    private final BooleanSupplier stop;
    private final List<String> advice = new ArrayList<>();

    /**
     * @param trace drawn for the largest fleet that is run; failures of machines that a smaller one
     *     lacks pass it by
     * @param stop asked after each failure: true ends the run at hand
     */
    Plan(
            Conditions conditions,
            DiskSettings disk,
            FailureTrace trace,
            Watcher watcher,
            BooleanSupplier stop) {
        this.stop = stop;
        this.conditions = conditions;
        this.disk = disk;
        this.trace = trace;
        this.watcher = watcher;
    }

    /**
     * Runs all of it, or as much as there is time for: when it is told to stop, the report has the
     * runs that are over and says so.
     */
    PlanReport run(
            List<String> policies,
            @Nullable SweepAsked sweep,
            @Nullable Double target,
            Map<String, String> settings,
            List<String> assumptions)
            throws RefusedException {
        var outcomes = new ArrayList<Outcome>();
        var samples = new ArrayList<PlanReport.Sweep.Sample>();
        try {
            for (String policy : policies) {
                outcomes.add(run(policy));
            }
            outcomes.forEach(this::explain);
            if (sweep != null) {
                sweep(sweep, samples);
            }
            if (target != null) {
                searchSpares(target);
            }
        } catch (Stopped stopped) {
            advice.add(
                    "Stopped: "
                            + stopped.getMessage()
                            + "; what follows is of the "
                            + Texts.count(outcomes.size() + samples.size(), "run")
                            + " that were over.");
        }
        PlanReport.Sweep swept = null;
        if (sweep != null && !samples.isEmpty()) {
            swept = new PlanReport.Sweep(sweep.option(), samples);
            adviseSweep(swept);
        }
        ShrinkOrWait either = outcomes.isEmpty() ? null : advise(outcomes);
        return new PlanReport(
                settings, trace.failures().size(), outcomes, swept, either, advice, assumptions);
    }

    private @Nullable ShrinkOrWait advise(List<Outcome> outcomes) {
        Outcome main = outcomes.getLast();
        adviseSpares(main);
        adviseSurvival(main);
        adviseInterval(main);
        for (Outcome one : outcomes) {
            if (one.policy().equals("disk")) {
                adviseDisk(one);
            }
        }
        ShrinkOrWait either = null;
        for (Outcome one : outcomes) {
            if (!one.policy().equals("disk") && (either == null || either.shortages() == 0)) {
                either = adviseShrink(one);
            }
        }
        return either;
    }

    private Outcome run(String policy) throws RefusedException {
        return switch (policy) {
            case "disk" -> DiskRestart.run(conditions, disk, trace);
            case "copies" -> drive("copies", withSpares(0));
            case "copies+spares" -> drive("copies+spares", conditions);
            default -> throw new IllegalArgumentException("no policy " + policy);
        };
    }

    private Outcome drive(String name, Conditions with) throws RefusedException {
        double end = with.durationNanos();
        return JobDriver.run(
                        with,
                        trace,
                        at -> {
                            watcher.at(name, at / end);
                            if (stop.getAsBoolean()) {
                                throw new Stopped(name + " was at " + percent(at / end));
                            }
                        })
                .named(name);
    }

    private Conditions withSpares(int spares) {
        Fleet fleet = conditions.fleet().withMachines(conditions.ranks() + spares);
        return conditions.with(fleet, conditions.copies(), conditions.every());
    }

    private void sweep(SweepAsked sweep, List<PlanReport.Sweep.Sample> samples)
            throws RefusedException {
        for (int value : sweep.values()) {
            Conditions with =
                    switch (sweep.option()) {
                        case "spares" -> withSpares(value);
                        case "copies" ->
                                conditions.with(conditions.fleet(), value, conditions.every());
                        default -> conditions.with(conditions.fleet(), conditions.copies(), value);
                    };
            String name = sweep.option() + "=" + value;
            samples.add(new PlanReport.Sweep.Sample(value, drive(name, with)));
        }
    }

    private void adviseSweep(PlanReport.Sweep swept) {
        PlanReport.Sweep.Sample best =
                swept.samples().stream()
                        .max(Comparator.comparingDouble(one -> one.outcome().goodput()))
                        .orElseThrow();
        advice.add(
                "Sweep: of "
                        + swept.samples().size()
                        + " values "
                        + swept.option()
                        + "="
                        + (long) best.value()
                        + " is best, "
                        + percent(best.outcome().goodput())
                        + ".");
    }

    /** The fewest spares that reach the target; goodput does not fall with more of them. */
    private void searchSpares(double target) throws RefusedException {
        int high = conditions.spares();
        if (drive("spares=" + high, withSpares(high)).goodput() < target) {
            advice.add(
                    "Target "
                            + percent(target)
                            + ": not reached with "
                            + high
                            + " spares; more spares than ever were busy do not help, see the"
                            + " losses.");
            return;
        }
        int low = -1;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (drive("spares=" + middle, withSpares(middle)).goodput() >= target) {
                high = middle;
            } else {
                low = middle;
            }
        }
        advice.add("Target " + percent(target) + ": reached with " + high + " spares.");
    }

    private void explain(Outcome outcome) {
        var losses =
                java.util.Arrays.stream(Category.values())
                        .filter(category -> category != Category.PRODUCTIVE)
                        .filter(category -> outcome.share(category) >= 0.00005)
                        .sorted(Comparator.comparingDouble(category -> -outcome.share(category)))
                        .limit(3)
                        .map(category -> category.key() + " " + percent(outcome.share(category)))
                        .toList();
        advice.add(
                outcome.policy()
                        + ": goodput "
                        + percent(outcome.goodput())
                        + ", "
                        + Texts.count(outcome.interruptions(), "interruption")
                        + (losses.isEmpty() ? "." : "; lost most to " + Texts.list(losses) + "."));
    }

    private void adviseSpares(Outcome outcome) {
        if (outcome.policy().equals("copies")) {
            return;
        }
        int busy = conditions.spares() - outcome.leastIdleSpares();
        advice.add(
                "Spares: at the worst moment "
                        + Texts.count(busy, "machine")
                        + (busy == 1 ? " was out; " : " were out; ")
                        + (outcome.leastIdleSpares() >= 0
                                ? "that many spares are enough for this trace never to wait."
                                : "with "
                                        + conditions.spares()
                                        + " spares the job waited "
                                        + Texts.count(outcome.shortages().size(), "time")
                                        + "."));
    }

    private void adviseSurvival(Outcome outcome) {
        if (outcome.survival().domains().isEmpty()) {
            return;
        }
        var text =
                new StringBuilder(
                        "Copies: with "
                                + conditions.copies()
                                + " the placement survives "
                                + outcome.survives()
                                + ".");
        for (Survival.Domains one : outcome.survival().domains()) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            " %s: the loss of %d of %d takes a shard.",
                            one.scope().key(),
                            one.fatal(),
                            one.count()));
        }
        text.append(
                outcome.stateLosses() == 0
                        ? " No shard was lost in this trace."
                        : " In this trace a shard was lost "
                                + Texts.count(outcome.stateLosses(), "time")
                                + "; choose a wider --protect-level or more --copies.");
        advice.add(text.toString());
    }

    /** Young's interval for a stall and the trace's own rate. */
    static double youngNanos(FailureTrace trace, double stallNanos) {
        double rate = trace.failures().size() / (double) trace.endNanos();
        return ClosedForm.bestInterval(rate, stallNanos);
    }

    private void adviseInterval(Outcome outcome) {
        if (outcome.policy().equals("disk")) {
            return;
        }
        double young = youngNanos(trace, (double) conditions.snapshotStallNanos());
        advice.add(
                "Snapshots: every "
                        + Texts.count(outcome.every(), "step")
                        + " was used; Young's interval is "
                        + (Double.isInfinite(young)
                                ? "endless, as nothing fails"
                                : Texts.duration((long) young)
                                        + " ("
                                        + Math.max(1, Math.round(young / conditions.stepNanos()))
                                        + " steps)")
                        + ", and a copy takes "
                        + Texts.duration(conditions.copyNanos())
                        + ".");
    }

    private void adviseDisk(Outcome outcome) {
        if (disk.intervalNanos() <= 0) {
            return;
        }
        double rate = outcome.interruptions() / (double) outcome.elapsedNanos();
        double formula =
                ClosedForm.effective(
                        rate,
                        conditions.costs().detectNanos()
                                + disk.restartNanos()
                                + (double) disk.readNanos(),
                        outcome.every() * (double) conditions.stepNanos(),
                        (double) disk.stallNanos());
        advice.add(
                "Disk: the closed formula gives "
                        + percent(formula)
                        + " for a checkpoint every "
                        + Texts.duration(outcome.every() * conditions.stepNanos())
                        + " and the rate seen; it takes failures to be rare and spares to be"
                        + " there.");
    }

    private ShrinkOrWait adviseShrink(Outcome outcome) {
        Conditions with = outcome.policy().equals("copies") ? withSpares(0) : conditions;
        ShrinkOrWait either = ShrinkOrWait.of(with, outcome);
        double total = outcome.totalSlotNanos().doubleValue() / 1e9;
        if (either.shortages() > 0) {
            advice.add(
                    String.format(
                            Locale.ROOT,
                            "Shrink or wait (%s): waiting for machines %s cost %s of all"
                                    + " slot-time (%.0f slot-hours); shrinking would have cost %s"
                                    + " (%.0f slot-hours).",
                            outcome.policy(),
                            Texts.count(either.shortages(), "time"),
                            percent(either.waitSlotSeconds() / total),
                            either.waitSlotSeconds() / 3_600,
                            percent(either.shrinkSlotSeconds() / total),
                            either.shrinkSlotSeconds() / 3_600));
        }
        return either;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * share);
    }
}
