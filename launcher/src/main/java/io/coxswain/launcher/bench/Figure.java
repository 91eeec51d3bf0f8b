package io.coxswain.launcher.bench;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One quantity as measured, beside its limit.
 *
 * @param unit of samples and limit
 * @param limit null where the figure only explains another
 */
record Figure(String name, String unit, Samples samples, @Nullable Limit limit) {
    /** What the median is held against. */
    record Limit(boolean atMost, double value, String what) {
        static Limit atMost(double value, String what) {
            return new Limit(true, value, what);
        }

        static Limit atLeast(double value, String what) {
            return new Limit(false, value, what);
        }

        boolean metBy(double median) {
            return atMost ? median <= value : median >= value;
        }
    }

    /** Whether the median keeps the limit; null where there is no limit or no measurement. */
    @Nullable Boolean met() {
        return (limit == null || samples.isEmpty()) ? null : limit.metBy(samples.median());
    }

    /** As the JSON has it. */
    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", name);
        json.put("unit", unit);
        json.put("runs", samples.count());
        if (!samples.isEmpty()) {
            json.put("median", rounded(samples.median()));
            json.put("min", rounded(samples.min()));
            json.put("max", rounded(samples.max()));
        }
        if (limit != null) {
            var bound = new LinkedHashMap<String, Object>();
            bound.put("is", limit.atMost() ? "at most" : "at least");
            bound.put("value", rounded(limit.value()));
            bound.put("what", limit.what());
            json.put("limit", bound);
        }
        @Nullable Boolean met = met();
        if (met != null) {
            json.put("met", met);
        }
        double[] values = samples.values();
        for (int i = 0; i < values.length; i++) {
            values[i] = rounded(values[i]);
        }
        json.put("samples", values);
        return json;
    }

    /** To six digits: what is measured has no more. */
    static double rounded(double value) {
        return value == 0 || Double.isInfinite(value)
                ? value
                : new java.math.BigDecimal(value).round(new java.math.MathContext(6)).doubleValue();
    }
}
