package io.coxswain.launcher.train;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.console.Texts;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The end of a run in words: loss, accuracy, digest and where the slots' time went. */
public final class RunSummary {
    private RunSummary() {}

    /** The summary, line by line. */
    public static List<String> of(JobReport report) {
        var lines = new ArrayList<String>();
        JobReport.Goodput goodput = report.goodput();
        Double loss = report.finalLoss();
        Double accuracy = report.accuracy();
        lines.add(
                (report.completed() ? "completed " : "ended after ")
                        + Texts.count(report.steps(), "step")
                        + " in "
                        + Texts.duration(goodput.elapsedNanos())
                        + (report.incidents().isEmpty()
                                ? ""
                                : " with " + Texts.count(report.incidents().size(), "incident")));
        if (loss != null) {
            lines.add(String.format(Locale.ROOT, "  loss               %.6f", loss));
        }
        if (accuracy != null) {
            lines.add(String.format(Locale.ROOT, "  held-out accuracy  %.2f%%", 100 * accuracy));
        } else if (report.completed()) {
            lines.add("  held-out accuracy  not evaluated");
        }
        if (!report.finalDigest().isEmpty()) {
            lines.add("  final digest       " + report.finalDigest());
        }
        report.metrics()
                .forEach((name, value) ->
                        lines.add(String.format(Locale.ROOT, "  %-18s %.6g", name, value)));
        double total = goodput.totalSlotNanos().doubleValue();
        if (total > 0) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "  goodput            %s of %.3f slot-seconds (%d slots × %.3f s)",
                            Texts.percent(goodput.ratio()),
                            total / 1e9,
                            goodput.slots(),
                            goodput.elapsedNanos() / 1e9));
            goodput.categories().entrySet().stream()
                    .filter(category -> category.getValue().signum() != 0)
                    .sorted(Map.Entry.<String, BigInteger>comparingByValue().reversed())
                    .forEach(category ->
                            lines.add(
                                    String.format(
                                            Locale.ROOT,
                                            "    %-22s %10.3f s %6.1f%%",
                                            category.getKey(),
                                            category.getValue().doubleValue() / 1e9,
                                            100.0 * category.getValue().doubleValue() / total)));
        }
        JobReport.Figures figures = goodput.figures();
        if (figures != null && figures.stepMedianNanos() > 0) {
            lines.addAll(figures(figures));
        }
        return lines;
    }

    private static List<String> figures(JobReport.Figures figures) {
        var lines = new ArrayList<String>();
        Double slowdown = figures.slowdown();
        lines.add(
                "  step time          median "
                        + Texts.duration(figures.stepMedianNanos())
                        + ", p95 "
                        + Texts.duration(figures.stepP95Nanos())
                        + (slowdown == null
                                ? ""
                                : ", "
                                        + Texts.percent(slowdown)
                                        + " slower than its best sustained median")
                        + (figures.straggler().startsWith("rank")
                                ? "; straggler: " + figures.straggler()
                                : ""));
        Double mtbf = figures.mtbfSeconds();
        Double mttr = figures.mttrSeconds();
        if (mtbf != null && mttr != null) {
            lines.add(
                    "  reliability        "
                            + Texts.count(figures.failures(), "failure")
                            + ", MTBF "
                            + Texts.duration(Math.round(mtbf * 1e9))
                            + ", MTTR "
                            + Texts.duration(Math.round(mttr * 1e9))
                            + ", ETTR "
                            + Texts.percent(figures.ettr()));
        }
        Double mfu = figures.mfu();
        if (mfu != null) {
            lines.add("  MFU                " + Texts.percent(mfu));
        }
        return lines;
    }
}
