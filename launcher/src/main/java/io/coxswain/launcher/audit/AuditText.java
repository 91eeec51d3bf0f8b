package io.coxswain.launcher.audit;

import io.coxswain.launcher.console.Texts;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An audit for people. */
public final class AuditText {
    private AuditText() {}

    /** The audit, line by line. */
    public static List<String> of(Audit audit) {
        RunAudit run = audit.run();
        var lines = new ArrayList<String>();
        boolean counted = run.byWorker() != null;
        BigDecimal total = new BigDecimal(run.totalWorkerNanos());
        BigDecimal wall = BigDecimal.valueOf(run.wallNanos());
        lines.add(
                Texts.count(run.usefulSteps(), "useful step")
                        + " in "
                        + seconds(wall)
                        + (counted ? " on " + Texts.count(run.workers(), "worker") : "")
                        + ", "
                        + Texts.count(run.attempts(), "attempt")
                        + ", "
                        + Texts.count(run.failures(), "failure"));
        BigDecimal productive = BigDecimal.valueOf(run.nanos(AuditCategory.PRODUCTIVE));
        BigDecimal waiting = BigDecimal.valueOf(run.nanos(AuditCategory.DATA_WAIT));
        lines.add(
                "  goodput  "
                        + percent(productive, wall)
                        + " of the wall time"
                        + (counted
                                ? ", "
                                        + percent(worker(run, AuditCategory.PRODUCTIVE), total)
                                        + " of "
                                        + worker(total)
                                : "")
                        + "; with data waits "
                        + percent(productive.add(waiting), wall)
                        + " of the wall time");
        lines.add("");
        lines.add(
                row(
                        "",
                        "wall time",
                        "",
                        counted ? "worker-seconds" : "",
                        "",
                        "in Coxswain's ledger"));
        for (AuditCategory category : AuditCategory.values()) {
            BigDecimal nanos = BigDecimal.valueOf(run.nanos(category));
            BigDecimal workerNanos = worker(run, category);
            if (nanos.signum() == 0 && workerNanos.signum() == 0) {
                continue;
            }
            boolean onWall = category != AuditCategory.CAPACITY_DOWN;
            lines.add(
                    row(
                            category.key(),
                            onWall ? seconds(nanos) : "",
                            onWall ? percent(nanos, wall) : "",
                            counted ? seconds(workerNanos) : "",
                            counted ? percent(workerNanos, total) : "",
                            category.ledger().key()));
        }
        lines.add("");
        lines.addAll(mlGoodput(audit.mlGoodput(), productive, wall));
        run.notes().forEach(note -> lines.add("note: " + note));
        return lines;
    }

    private static List<String> mlGoodput(
            MlGoodputView view, BigDecimal productive, BigDecimal wall) {
        Double percent = view.goodputPercent();
        if (percent == null || wall.signum() == 0) {
            return List.of(
                    "  ml-goodput-measurement would refuse this run: it finds no time, or more"
                            + " training than time");
        }
        var lines = new ArrayList<String>();
        double ours = 100 * productive.doubleValue() / wall.doubleValue();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "  ml-goodput-measurement would say %.2f%%, %.2f points %s: %.3f s of %.3f"
                                + " s",
                        percent,
                        Math.abs(percent - ours),
                        percent < ours ? "less" : "more",
                        view.count().productiveSeconds(),
                        view.count().totalSeconds()));
        for (MlGoodputView.Difference difference : view.differences()) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "    %-20s %+13.3f s  %s",
                            difference.what(),
                            difference.seconds(),
                            difference.why()));
        }
        return lines;
    }

    private static String row(
            String category,
            String wall,
            String wallShare,
            String workers,
            String workerShare,
            String ledger) {
        return String.format(
                        Locale.ROOT,
                        "    %-20s %15s %8s  %17s %8s  %s",
                        category,
                        wall,
                        wallShare,
                        workers,
                        workerShare,
                        ledger)
                .stripTrailing();
    }

    private static BigDecimal worker(RunAudit run, AuditCategory category) {
        BigInteger nanos = run.workerNanos(category);
        return new BigDecimal(nanos);
    }

    private static String worker(BigDecimal nanos) {
        return digits(nanos) + " worker-seconds";
    }

    private static String seconds(BigDecimal nanos) {
        return digits(nanos) + " s";
    }

    /** At least three digits behind the point, more where the log has more. */
    private static String digits(BigDecimal nanos) {
        BigDecimal seconds = nanos.movePointLeft(9).stripTrailingZeros();
        return seconds.setScale(Math.max(3, seconds.scale())).toPlainString();
    }

    private static String percent(BigDecimal part, BigDecimal whole) {
        return whole.signum() == 0
                ? "-"
                : String.format(
                        Locale.ROOT, "%.2f%%", 100 * part.doubleValue() / whole.doubleValue());
    }
}
