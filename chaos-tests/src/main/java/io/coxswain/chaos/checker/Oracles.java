package io.coxswain.chaos.checker;

import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The oracles of the house, by the names that scenarios call them. Stateless. */
public final class Oracles {
    public static final String DIGEST = "digest";
    public static final String RESTORED = "restored";
    public static final String STEPS = "steps";
    public static final String SAMPLES = "samples";
    public static final String LEDGER = "ledger";
    public static final String PLACEMENT = PlacementKept.NAME;
    public static final String NOTHING_LEFT = "nothing-left";
    public static final String LOSS = "loss";

    /** Those that judge when a scenario names none. */
    public static final List<String> USUAL =
            List.of(DIGEST, RESTORED, STEPS, SAMPLES, LEDGER, PLACEMENT, NOTHING_LEFT);

    /** Those that mean something for a job that does not complete. */
    public static final List<String> UNFINISHED = List.of(RESTORED, STEPS, PLACEMENT, NOTHING_LEFT);

    /** Those that judge a job of somebody else's cluster while it goes on. */
    public static final List<String> OUTSIDE = List.of(STEPS);

    /** Those that judge such a job once it is over. */
    public static final List<String> OUTSIDE_REPORTED = List.of(STEPS, SAMPLES, LEDGER);

    private static final double LOSS_TOLERANCE = 0.05;
    private static final double ATTRIBUTION_TOLERANCE = 0.05;
    private static final long ATTRIBUTION_FLOOR_NANOS = 500_000_000L;
    private static final Map<String, Oracle> BY_NAME = byName();

    private Oracles() {}

    private static Map<String, Oracle> byName() {
        var oracles = new LinkedHashMap<String, Oracle>();
        oracles.put(DIGEST, finalDigest());
        oracles.put(RESTORED, restoredDigest());
        oracles.put(STEPS, stepsOnce());
        oracles.put(SAMPLES, samplesOnce());
        oracles.put(LEDGER, ledgerExact());
        oracles.put(PLACEMENT, placementKept());
        oracles.put(NOTHING_LEFT, nothingLeft());
        oracles.put(LOSS, lossWithin(LOSS_TOLERANCE));
        oracles.put(
                Attribution.NAME, new Attribution(ATTRIBUTION_TOLERANCE, ATTRIBUTION_FLOOR_NANOS));
        return oracles;
    }

    /** All names. */
    public static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    /** The names of those that judge a scenario: its own, or the usual ones. */
    public static List<String> chosen(Scenario scenario) {
        if (!scenario.oracles().isEmpty()) {
            return scenario.oracles();
        }
        return scenario.expectation().completes() ? USUAL : UNFINISHED;
    }

    /**
     * The oracle of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Oracle named(String name) {
        Oracle oracle = BY_NAME.get(name);
        if (oracle == null) {
            throw new IllegalArgumentException(
                    "there is no oracle '" + name + "'; expected one of " + names());
        }
        return oracle;
    }

    /**
     * Why an oracle cannot judge a cluster of somebody else; empty if it can.
     *
     * @param reported whether the scenario ends with the job, so that there is its report
     * @param referred whether a fault-free run of the same job is known
     */
    public static String refusalOutside(String name, boolean reported, boolean referred) {
        String needsReport = "needs the job's report, which is there when the job is over";
        return switch (name) {
            case RESTORED -> "needs the shared memory of all agents, which is on their hosts";
            case NOTHING_LEFT -> "needs the cluster's end, and yours goes on";
            case SAMPLES, LEDGER -> reported ? "" : needsReport;
            case Attribution.NAME -> "needs the job's file, to know what was injected";
            case DIGEST, LOSS ->
                    !reported
                            ? needsReport
                            : referred ? "" : "needs the report of a fault-free run of the job";
            default -> "";
        };
    }

    private static Verdict unreported(String oracle) {
        return Verdict.fails(oracle, "there is no report to judge");
    }

    /** The final state is that of the run in which nothing went wrong, bit for bit. */
    public static Oracle finalDigest() {
        return evidence -> {
            JobReport report = evidence.report();
            if (report == null || !report.completed()) {
                return unreported(DIGEST);
            }
            String expected = evidence.reference().get().digest();
            return report.finalDigest().equals(expected)
                    ? Verdict.holds(DIGEST, "final digest " + brief(expected) + " as fault-free")
                    : Verdict.fails(
                            DIGEST,
                            "final digest "
                                    + brief(report.finalDigest())
                                    + ", fault-free it is "
                                    + brief(expected));
        };
    }

    /**
     * Snapshots, copies and restored states of one shard and step have one digest, whoever holds
     * them and whenever they were made.
     */
    public static Oracle restoredDigest() {
        return evidence -> {
            var torn = new ArrayList<String>();
            for (Map.Entry<StateKey, Set<String>> seen : evidence.digests().entrySet()) {
                if (seen.getValue().size() > 1) {
                    torn.add(
                            "shard "
                                    + seen.getKey().shard()
                                    + " after step "
                                    + seen.getKey().step()
                                    + ": "
                                    + seen.getValue().stream()
                                            .map(Oracles::brief)
                                            .sorted()
                                            .toList());
                }
            }
            if (evidence.digests().isEmpty()) {
                return Verdict.fails(RESTORED, "no committed state was seen in shared memory");
            }
            return torn.isEmpty()
                    ? Verdict.holds(
                            RESTORED, evidence.digests().size() + " states seen, one digest each")
                    : Verdict.fails(RESTORED, "states with two digests: " + torn);
        };
    }

    /**
     * The completed step goes forward one way, but for recorded rollbacks, and ends at the last.
     */
    public static Oracle stepsOnce() {
        return evidence -> {
            long completed = 0;
            long epoch = 0;
            for (var told : evidence.journal()) {
                switch (told.event()) {
                    case CoordinatorEvent.StepsCompleted steps -> {
                        if (steps.step() < completed) {
                            return Verdict.fails(
                                    STEPS,
                                    "step " + steps.step() + " completed after step " + completed);
                        }
                        if (steps.protectedStep() > steps.step()) {
                            return Verdict.fails(
                                    STEPS,
                                    "step "
                                            + steps.protectedStep()
                                            + " protected before it was completed");
                        }
                        completed = steps.step();
                    }
                    case CoordinatorEvent.RolledBack back -> completed = back.toStep();
                    case CoordinatorEvent.ViewActivated view -> {
                        if (view.epoch() <= epoch) {
                            return Verdict.fails(
                                    STEPS, "epoch " + view.epoch() + " came after epoch " + epoch);
                        }
                        epoch = view.epoch();
                    }
                    default -> {
                        // Says nothing of steps.
                    }
                }
            }
            JobReport report = evidence.report();
            if (report != null && report.completed() && report.steps() != evidence.job().steps()) {
                return Verdict.fails(
                        STEPS, report.steps() + " steps reported of " + evidence.job().steps());
            }
            return Verdict.holds(STEPS, "steps to " + completed + " counted once, epochs grow");
        };
    }

    /** Each sample counts exactly once in each pass. */
    public static Oracle samplesOnce() {
        return evidence -> {
            JobReport report = evidence.report();
            if (report == null) {
                return unreported(SAMPLES);
            }
            long expected = report.steps() * evidence.job().batch();
            if (report.samplesSeen() != expected) {
                return Verdict.fails(
                        SAMPLES, report.samplesSeen() + " samples seen, expected " + expected);
            }
            long distinct =
                    report.samplesDistinctPerPass().stream().mapToLong(Long::longValue).sum();
            // Within a pass a sample comes once, so what is seen is what is distinct.
            return distinct == expected
                    ? Verdict.holds(SAMPLES, expected + " samples, each once a pass")
                    : Verdict.fails(
                            SAMPLES,
                            distinct + " distinct samples in passes, " + expected + " seen");
        };
    }

    /** The ledger's categories add up to slots × elapsed, to the nanosecond. */
    public static Oracle ledgerExact() {
        return evidence -> {
            JobReport report = evidence.report();
            if (report == null) {
                return unreported(LEDGER);
            }
            JobReport.Goodput goodput = report.goodput();
            BigInteger sum =
                    goodput.categories().values().stream().reduce(BigInteger.ZERO, BigInteger::add);
            BigInteger total =
                    BigInteger.valueOf(goodput.elapsedNanos())
                            .multiply(BigInteger.valueOf(goodput.slots()));
            BigInteger other = goodput.categories().getOrDefault("other", BigInteger.ZERO);
            if (!sum.equals(goodput.totalSlotNanos()) || !sum.equals(total)) {
                return Verdict.fails(
                        LEDGER,
                        "categories sum to "
                                + sum
                                + " ns, total is "
                                + goodput.totalSlotNanos()
                                + ", slots × elapsed "
                                + total);
            }
            if (other.multiply(BigInteger.valueOf(1_000)).compareTo(total) > 0) {
                return Verdict.fails(LEDGER, "'other' is " + other + " ns of " + total);
            }
            return Verdict.holds(LEDGER, total + " slot-ns, tiled exactly");
        };
    }

    /**
     * Nobody holds a copy of the own state, and while no more agents were lost than the placement
     * said to survive, no protected step was given up.
     */
    public static Oracle placementKept() {
        return new PlacementKept();
    }

    /** Nothing of the cluster outlives it, and nothing ended that nobody killed. */
    public static Oracle nothingLeft() {
        return evidence -> {
            var found = new ArrayList<>(evidence.leftovers());
            evidence.ends()
                    .forEach(end ->
                            found.add(end.party() + " ended by itself, status " + end.status()));
            return found.isEmpty()
                    ? Verdict.holds(NOTHING_LEFT, "no process, file, descriptor or thread left")
                    : Verdict.fails(NOTHING_LEFT, String.join("; ", found));
        };
    }

    /** For runtimes that are not bit-identical: the final loss is near the fault-free one. */
    public static Oracle lossWithin(double tolerance) {
        return evidence -> {
            JobReport report = evidence.report();
            Double loss = report == null ? null : report.finalLoss();
            Double expected = evidence.reference().get().loss();
            if (loss == null || expected == null) {
                return Verdict.fails(LOSS, "there is no loss to judge");
            }
            String says = "final loss " + loss + ", fault-free " + expected;
            return Math.abs(loss - expected) <= tolerance
                    ? Verdict.holds(LOSS, says)
                    : Verdict.fails(LOSS, says + ", more than " + tolerance + " apart");
        };
    }

    private static String brief(String digest) {
        return digest.length() > 12 ? digest.substring(0, 12) + "…" : digest;
    }
}
