package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An audit for programs. The account stands in the shape and the words of the log format's own
 * {@code truth}, so that the two compare field by field; there a category without time is absent.
 * {@code categories} has all of them, with what the goodput ledger calls them.
 */
public final class AuditJson {
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                    .build();

    private static final int PERCENT_DIGITS = 4;
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    private AuditJson() {}

    /** The audit as a JSON object, indented. */
    public static String of(Audit audit) {
        RunAudit run = audit.run();
        var json = new LinkedHashMap<String, @Nullable Object>(account(run));
        json.put("attempts", run.attempts());
        json.put("failures", run.failures());
        json.put("entries", run.entries());
        var categories = new ArrayList<Map<String, @Nullable Object>>();
        for (AuditCategory category : AuditCategory.values()) {
            var one = new LinkedHashMap<String, @Nullable Object>();
            one.put("category", category.key());
            one.put("ledger", category.ledger().key());
            one.put("wall_s", seconds(BigInteger.valueOf(run.nanos(category))));
            one.put("worker_s", run.byWorker() == null ? null : seconds(run.workerNanos(category)));
            categories.add(one);
        }
        json.put("categories", categories);
        json.put("ml_goodput_measurement", mlGoodput(audit.mlGoodput()));
        json.put("notes", run.notes());
        return JSON.writeValueAsString(json);
    }

    /** The account alone, in the shape of a log's {@code truth}. */
    static Map<String, @Nullable Object> account(RunAudit run) {
        BigInteger wall = BigInteger.valueOf(run.wallNanos());
        BigInteger productive = BigInteger.valueOf(run.nanos(AuditCategory.PRODUCTIVE));
        BigInteger waiting = BigInteger.valueOf(run.nanos(AuditCategory.DATA_WAIT));
        Map<AuditCategory, BigInteger> byWorker = run.byWorker();
        var seconds = new LinkedHashMap<String, BigDecimal>();
        run.byWall()
                .forEach((category, nanos) ->
                        seconds.put(category.key(), seconds(BigInteger.valueOf(nanos))));
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("wall_s", seconds(wall));
        json.put("workers", byWorker == null ? null : run.workers());
        json.put("seconds", seconds);
        json.put("goodput_pct", percent(productive, wall));
        json.put("goodput_incl_data_wait_pct", percent(productive.add(waiting), wall));
        if (byWorker == null) {
            json.put("worker_seconds", null);
        } else {
            var workerSeconds = new LinkedHashMap<String, BigDecimal>();
            byWorker.forEach(
                    (category, nanos) -> workerSeconds.put(category.key(), seconds(nanos)));
            workerSeconds.putIfAbsent(AuditCategory.CAPACITY_DOWN.key(), seconds(BigInteger.ZERO));
            json.put("worker_seconds", workerSeconds);
        }
        json.put(
                "worker_goodput_pct",
                percent(run.workerNanos(AuditCategory.PRODUCTIVE), run.totalWorkerNanos()));
        json.put("useful_steps", run.usefulSteps());
        return json;
    }

    private static Map<String, @Nullable Object> mlGoodput(MlGoodputView view) {
        MlGoodputView.Count count = view.count();
        Double percent = view.goodputPercent();
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("version", "0.2.3");
        json.put(
                "goodput_pct",
                percent == null
                        ? null
                        : BigDecimal.valueOf(percent)
                                .setScale(PERCENT_DIGITS, RoundingMode.HALF_EVEN));
        json.put("productive_s", rounded(count.productiveSeconds()));
        json.put("total_s", rounded(count.totalSeconds()));
        var badput = new LinkedHashMap<String, BigDecimal>();
        count.badput().forEach((name, value) -> badput.put(name, rounded(value)));
        json.put("badput_s", badput);
        json.put("disruptions", count.disruptions());
        json.put("max_productive_step", count.maxProductiveStep());
        var differences = new ArrayList<Map<String, @Nullable Object>>();
        for (MlGoodputView.Difference difference : view.differences()) {
            var one = new LinkedHashMap<String, @Nullable Object>();
            one.put("what", difference.what());
            one.put("counted_s", rounded(difference.seconds()));
            one.put("why", difference.why());
            differences.add(one);
        }
        json.put("differences", differences);
        return json;
    }

    /** Its sums are of binary fractions; nothing finer than a microsecond is meant. */
    private static BigDecimal rounded(double seconds) {
        return plain(BigDecimal.valueOf(seconds).setScale(6, RoundingMode.HALF_EVEN));
    }

    private static BigDecimal seconds(BigInteger nanos) {
        return plain(new BigDecimal(nanos, 9));
    }

    private static BigDecimal plain(BigDecimal seconds) {
        BigDecimal stripped = seconds.stripTrailingZeros();
        return stripped.setScale(Math.max(1, stripped.scale()));
    }

    private static @Nullable BigDecimal percent(BigInteger part, BigInteger whole) {
        return whole.signum() == 0
                ? null
                : new BigDecimal(part)
                        .multiply(HUNDRED)
                        .divide(new BigDecimal(whole), PERCENT_DIGITS, RoundingMode.HALF_EVEN);
    }
}
