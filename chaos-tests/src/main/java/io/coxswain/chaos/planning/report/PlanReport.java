package io.coxswain.chaos.planning.report;

import io.coxswain.chaos.planning.engine.Account;
import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.chaos.planning.engine.Survival;
import io.coxswain.chaos.planning.policy.ShrinkOrWait;
import io.coxswain.coordinator.core.ledger.Category;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a plan found.
 *
 * @param settings as asked for or by default, by option name
 * @param traceFailures in the trace
 * @param advice the answers, one line each
 * @param assumptions what a reader must know of how they were found
 */
public record PlanReport(
        Map<String, String> settings,
        int traceFailures,
        List<Outcome> outcomes,
        @Nullable Sweep sweep,
        @Nullable ShrinkOrWait shrinkOrWait,
        List<String> advice,
        List<String> assumptions) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final double SECOND = 1e9;
    private static final double DAY = 86_400e9;

    /** One option's values with what came of each. */
    public record Sweep(String option, List<Sample> samples) {
        /** {@code value} in the option's unit. */
        public record Sample(double value, Outcome outcome) {}

        public Sweep {
            samples = List.copyOf(samples);
        }
    }

    public PlanReport {
        settings = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        outcomes = List.copyOf(outcomes);
        advice = List.copyOf(advice);
        assumptions = List.copyOf(assumptions);
    }

    /**
     * The {@code --report} file; the same plan gives the same text. Slot-nanoseconds are whole
     * numbers beyond 2⁵³: a reader that takes numbers for doubles goes by {@code shares}.
     */
    public String toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("settings", settings);
        json.put("traceFailures", traceFailures);
        json.put("policies", outcomes.stream().map(PlanReport::json).toList());
        if (sweep != null) {
            var samples = new ArrayList<Map<String, Object>>();
            for (Sweep.Sample sample : sweep.samples()) {
                var one = new LinkedHashMap<String, Object>();
                one.put(sweep.option(), sample.value());
                one.put("goodput", sample.outcome().goodput());
                one.put("interruptions", sample.outcome().interruptions());
                one.put("stateLosses", sample.outcome().stateLosses());
                one.put("categories", shares(sample.outcome()));
                samples.add(one);
            }
            var swept = new LinkedHashMap<String, Object>();
            swept.put("option", sweep.option());
            swept.put("samples", samples);
            json.put("sweep", swept);
        }
        if (shrinkOrWait != null) {
            var either = new LinkedHashMap<String, Object>();
            either.put("shortages", shrinkOrWait.shortages());
            either.put("waitSlotSeconds", shrinkOrWait.waitSlotSeconds());
            either.put("shrinkSlotSeconds", shrinkOrWait.shrinkSlotSeconds());
            json.put("shrinkOrWait", either);
        }
        json.put("advice", advice);
        json.put("assumptions", assumptions);
        return JSON.writeValueAsString(json);
    }

    private static Map<String, Object> json(Outcome outcome) {
        var json = new LinkedHashMap<String, Object>();
        json.put("policy", outcome.policy());
        json.put("goodput", outcome.goodput());
        json.put("slots", outcome.slots());
        json.put("elapsedNanos", outcome.elapsedNanos());
        json.put("totalSlotNanos", outcome.totalSlotNanos());
        var nanos = new LinkedHashMap<String, Object>();
        outcome.categories().forEach((category, value) -> nanos.put(category.key(), value));
        json.put("categories", nanos);
        json.put("shares", shares(outcome));
        json.put("interruptions", outcome.interruptions());
        json.put("failures", new java.util.TreeMap<>(outcome.failures()));
        json.put("stepsLost", outcome.stepsLost());
        json.put("stateLosses", outcome.stateLosses());
        json.put("leastIdleSpares", outcome.leastIdleSpares());
        json.put("every", outcome.every());
        var shortages = new ArrayList<Map<String, Object>>();
        for (Outcome.Shortage shortage : outcome.shortages()) {
            var one = new LinkedHashMap<String, Object>();
            one.put("atDays", shortage.fromNanos() / DAY);
            one.put("seconds", shortage.nanos() / SECOND);
            one.put("missing", shortage.missing());
            shortages.add(one);
        }
        json.put("shortages", shortages);
        json.put("survives", outcome.survives());
        Survival survival = outcome.survival();
        if (!survival.domains().isEmpty()) {
            var domains = new LinkedHashMap<String, Object>();
            for (Survival.Domains one : survival.domains()) {
                var of = new LinkedHashMap<String, Object>();
                of.put("count", one.count());
                of.put("fatal", one.fatal());
                domains.put(one.scope().key(), of);
            }
            domains.put("pairOfAgentsChance", survival.pairChance());
            json.put("survival", domains);
        }
        var points = new ArrayList<double[]>();
        for (Account.Point point : thinned(outcome.timeline(), 400)) {
            points.add(
                    new double[] {
                        point.atNanos() / DAY, point.productiveSeconds(), point.totalSeconds()
                    });
        }
        json.put("timeline", points);
        return json;
    }

    private static Map<String, Double> shares(Outcome outcome) {
        var shares = new LinkedHashMap<String, Double>();
        for (Category category : Category.values()) {
            shares.put(category.key(), outcome.share(category));
        }
        return shares;
    }

    /** At most about {@code most} of them, evenly, first and last included. */
    static <T> List<T> thinned(List<T> all, int most) {
        if (all.size() <= most) {
            return all;
        }
        var few = new ArrayList<T>();
        for (int i = 0; i < most; i++) {
            few.add(all.get((int) ((long) i * (all.size() - 1) / (most - 1))));
        }
        return few;
    }
}
