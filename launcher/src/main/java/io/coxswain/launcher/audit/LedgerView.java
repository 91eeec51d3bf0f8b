package io.coxswain.launcher.audit;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ledger's account of a whole run, as its report tells it.
 *
 * @param slotSeconds by category
 */
public record LedgerView(BigDecimal totalSlotSeconds, Map<Category, BigDecimal> slotSeconds) {
    /** What a step has in it that an event does not tell apart. */
    private static final List<Category> WITHIN_STEPS =
            List.of(
                    Category.DATA_WAIT,
                    Category.STRAGGLER_WAIT,
                    Category.SNAPSHOT_STALL,
                    Category.AUDIT);

    private static final int NANO_DIGITS = 9;

    public LedgerView {
        var copy = new EnumMap<Category, BigDecimal>(Category.class);
        copy.putAll(slotSeconds);
        slotSeconds = Collections.unmodifiableMap(copy);
    }

    /**
     * Reads the report that {@code coxswain train --report} wrote.
     *
     * @throws EnvironmentException if it is none
     */
    public static LedgerView read(Path report) throws EnvironmentException {
        JobReport.Goodput goodput;
        try {
            goodput = JobReport.fromJson(Files.readString(report)).goodput();
        } catch (IOException | IllegalArgumentException e) {
            throw new EnvironmentException(
                    report + " cannot be read as the report of a job: " + e.getMessage(), e);
        }
        var seconds = new EnumMap<Category, BigDecimal>(Category.class);
        for (Category category : Category.values()) {
            BigInteger nanos = goodput.categories().getOrDefault(category.key(), BigInteger.ZERO);
            seconds.put(category, new BigDecimal(nanos, NANO_DIGITS));
        }
        return new LedgerView(new BigDecimal(goodput.totalSlotNanos(), NANO_DIGITS), seconds);
    }

    /** Productive ÷ total, in percent. */
    public double percent() {
        return totalSlotSeconds.signum() == 0
                ? 0
                : 100 * of(Category.PRODUCTIVE).doubleValue() / totalSlotSeconds.doubleValue();
    }

    private BigDecimal of(Category category) {
        return slotSeconds.getOrDefault(category, BigDecimal.ZERO);
    }

    /**
     * Why the events alone give more productive slot time than the ledger; in sum the difference.
     */
    public Map<String, Double> differences(JournalAudit events) {
        RunAudit run = events.audit().run();
        double left =
                run.workerNanos(AuditCategory.PRODUCTIVE).doubleValue() / 1e9
                        - of(Category.PRODUCTIVE).doubleValue();
        var differences = new LinkedHashMap<String, Double>();
        for (Category category : WITHIN_STEPS) {
            double seconds = of(category).doubleValue();
            if (seconds != 0) {
                differences.put(category.key(), seconds);
                left -= seconds;
            }
        }
        differences.put("rest", left);
        return differences;
    }
}
