package io.coxswain.chaos.planning.report;

import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.launcher.console.Texts;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A plan as lines for a terminal. */
public final class PlanTable {
    private PlanTable() {}

    /** Policies side by side, then the sweep, then the answers. */
    public static List<String> lines(PlanReport report) {
        var lines = new ArrayList<String>();
        var rows = new ArrayList<List<String>>();
        List<Outcome> outcomes = report.outcomes();
        rows.add(row("", outcomes, Outcome::policy));
        rows.add(row("goodput", outcomes, one -> percent(one.goodput(), 2)));
        for (Category category : Category.values()) {
            boolean any = outcomes.stream().anyMatch(one -> one.share(category) > 0);
            if (category != Category.PRODUCTIVE && any) {
                rows.add(row("  " + category.key(), outcomes, one -> loss(one.share(category))));
            }
        }
        rows.add(row("interruptions", outcomes, one -> "" + one.interruptions()));
        rows.add(row("steps made again", outcomes, one -> "" + one.stepsLost()));
        rows.add(row("states lost for good", outcomes, one -> "" + one.stateLosses()));
        rows.add(
                row(
                        "short of machines",
                        outcomes,
                        one -> Texts.count(one.shortages().size(), "time")));
        rows.add(row("fewest idle spares", outcomes, one -> idle(one.leastIdleSpares())));
        align(rows, lines);
        PlanReport.Sweep sweep = report.sweep();
        if (sweep != null) {
            lines.add("");
            var samples = new ArrayList<List<String>>();
            samples.add(
                    List.of(sweep.option(), "goodput", "controller_wait", "lost_progress", "lost"));
            for (PlanReport.Sweep.Sample sample : sweep.samples()) {
                Outcome one = sample.outcome();
                samples.add(
                        List.of(
                                number(sample.value()),
                                percent(one.goodput(), 2),
                                loss(one.share(Category.CONTROLLER_WAIT)),
                                loss(one.share(Category.LOST_PROGRESS)),
                                Texts.count(one.stateLosses(), "state")));
            }
            align(samples, lines);
        }
        lines.add("");
        lines.addAll(report.advice());
        return lines;
    }

    private static String idle(int spares) {
        return spares < 0 ? "0, " + -spares + " short" : String.valueOf(spares);
    }

    private static List<String> row(
            String name, List<Outcome> outcomes, Function<Outcome, String> value) {
        var row = new ArrayList<String>();
        row.add(name);
        outcomes.forEach(one -> row.add(value.apply(one)));
        return row;
    }

    private static void align(List<List<String>> rows, List<String> lines) {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            var line = new StringBuilder(pad(row.getFirst(), widths[0], false));
            for (int i = 1; i < widths.length; i++) {
                line.append("  ").append(pad(row.get(i), widths[i], true));
            }
            lines.add(line.toString().stripTrailing());
        }
    }

    private static String pad(String text, int width, boolean right) {
        String blanks = " ".repeat(width - text.length());
        return right ? blanks + text : text + blanks;
    }

    static String percent(double share, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f%%", 100 * share);
    }

    static String loss(double share) {
        return share == 0 ? "–" : share < 0.00005 ? "<0.01%" : percent(share, 2);
    }

    static String number(double value) {
        return value == Math.rint(value)
                ? String.valueOf((long) value)
                : String.format(Locale.ROOT, "%.3g", value);
    }
}
