package io.coxswain.chaos.planning.report;

import io.coxswain.chaos.planning.engine.Account;
import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.launcher.console.Texts;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A plan as one page: no script, no request, light or dark as the reader has it, readable on a
 * phone.
 */
public final class HtmlPage {
    private static final double DAY = 86_400e9;
    private static final int BUCKETS = 120;

    private static final String STYLE =
            """
            :root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6b7c;--paper:#fff;--panel:#f5f7f9;
            --grid:#d9e0e6;--c0:#0b6e99;--c1:#c2570c;--c2:#2e7d4f;--c3:#8a3ffc}
            @media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9fb0c0;--paper:#12181f;
            --panel:#1b232c;--grid:#33404d;--c0:#5ab8e6;--c1:#f2a154;--c2:#6fce98;--c3:#c29bff}}
            *{box-sizing:border-box}
            body{margin:0;background:var(--paper);color:var(--ink);
            font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
            main{max-width:60rem;margin:0 auto;padding:1.25rem}
            h1{font-size:1.5rem;line-height:1.25;margin:.2em 0 .6em}
            h2{font-size:1.1rem;margin:2em 0 .5em}
            .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem}
            .card{background:var(--panel);border-radius:.6rem;padding:.8rem 1rem;
            border-top:.25rem solid var(--c0)}
            .card.c1{border-color:var(--c1)}.card.c2{border-color:var(--c2)}
            .card.c3{border-color:var(--c3)}
            .big{font-size:1.9rem;font-weight:650;line-height:1.2}
            .soft,figcaption,footer{color:var(--soft);font-size:.875rem}
            figure{margin:0;background:var(--panel);border-radius:.6rem;padding:.75rem}
            svg{width:100%;height:auto;display:block}
            svg text{fill:var(--soft);font-size:13px}
            .grid{stroke:var(--grid)}
            .line{fill:none;stroke-width:2;stroke-linejoin:round}
            .line.c0{stroke:var(--c0)}.line.c1{stroke:var(--c1)}
            .line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}
            .dot.c0,.key.c0{fill:var(--c0);background:var(--c0)}
            .dot.c1,.key.c1{fill:var(--c1);background:var(--c1)}
            .dot.c2,.key.c2{fill:var(--c2);background:var(--c2)}
            .dot.c3,.key.c3{fill:var(--c3);background:var(--c3)}
            .key{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin:0 .35em 0 .9em}
            .key:first-child{margin-left:0}
            .scroll{overflow-x:auto}
            table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
            th,td{padding:.3rem .6rem;border-bottom:1px solid var(--grid);text-align:right;
            white-space:nowrap}
            th:first-child,td:first-child{text-align:left}
            td.soft{font-size:inherit}
            li{margin:.25em 0}
            @media(max-width:34rem){main{padding:.8rem}svg text{font-size:20px}
            .settings td:last-child{white-space:normal;overflow-wrap:anywhere}}
            """;

    private final PlanReport report;
    private final StringBuilder html = new StringBuilder();

    private HtmlPage(PlanReport report) {
        this.report = report;
    }

    public static String of(PlanReport report) {
        return new HtmlPage(report).page();
    }

    private String page() {
        String title = report.settings().getOrDefault("title", "Coxswain capacity plan");
        html.append("<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n")
                .append("<meta name='viewport' content='width=device-width, initial-scale=1'>\n")
                .append("<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<main>\n<h1>")
                .append(escape(title))
                .append("</h1>\n");
        cards();
        answers();
        if (!report.outcomes().isEmpty()) {
            timeline();
        }
        sweep();
        if (!report.outcomes().isEmpty()) {
            losses();
        }
        settings();
        html.append("<footer><p>Made by <code>coxswain simulate</code>.</p></footer>\n")
                .append("</main>\n</body>\n</html>\n");
        return html.toString();
    }

    private void cards() {
        html.append("<div class='cards'>\n");
        List<Outcome> outcomes = report.outcomes();
        for (int i = 0; i < outcomes.size(); i++) {
            Outcome one = outcomes.get(i);
            html.append("<div class='card c").append(i % 4).append("'><div>");
            html.append(escape(one.policy())).append("</div><div class='big'>");
            html.append(PlanTable.percent(one.goodput(), 2)).append("</div><div class='soft'>");
            html.append(Texts.count(one.interruptions(), "interruption")).append(", ");
            html.append(Texts.count(one.stateLosses(), "state"));
            html.append(" lost</div></div>\n");
        }
        html.append("</div>\n");
    }

    private void answers() {
        html.append("<h2>Answers</h2>\n<ul>\n");
        report.advice().forEach(line -> html.append("<li>").append(escape(line)).append("</li>\n"));
        html.append("</ul>\n");
    }

    private void timeline() {
        var lines = new ArrayList<Plot.Line>();
        for (Outcome one : report.outcomes()) {
            lines.add(timeline(one));
        }
        html.append("<h2>Goodput over time</h2>\n<figure>\n");
        html.append(Plot.svg("Goodput over time", "days", lines, List.of())).append("<figcaption>");
        legend(report.outcomes().stream().map(Outcome::policy).toList());
        html.append(" each point is the share of productive slot-time in its ")
                .append(
                        String.format(
                                Locale.ROOT,
                                "%.1f h",
                                report.outcomes().getFirst().elapsedNanos() / 3_600e9 / BUCKETS))
                .append(", net of steps made again</figcaption>\n</figure>\n");
    }

    private void legend(List<String> names) {
        for (int i = 0; i < names.size(); i++) {
            html.append("<span class='key c").append(i % 4).append("'></span>");
            html.append(escape(names.get(i)));
        }
        html.append("<br>");
    }

    /** Productive share by bucket; between two samples of the account time is taken as even. */
    private static Plot.Line timeline(Outcome outcome) {
        List<Account.Point> points = outcome.timeline();
        double end = outcome.elapsedNanos();
        var line = new ArrayList<Plot.Point>(BUCKETS);
        double before = 0;
        for (int i = 0; i < BUCKETS; i++) {
            double at = end * (i + 1) / BUCKETS;
            double productive = productiveAt(points, at);
            double seconds = end / BUCKETS / 1e9 * outcome.slots();
            double percent = Math.clamp(100 * (productive - before) / seconds, 0, 100);
            line.add(new Plot.Point(end * (i + 0.5) / BUCKETS / DAY, percent));
            before = productive;
        }
        return new Plot.Line(outcome.policy(), line, false);
    }

    private static double productiveAt(List<Account.Point> points, double atNanos) {
        double lastAt = 0;
        double last = 0;
        for (Account.Point point : points) {
            if (point.atNanos() >= atNanos) {
                double span = point.atNanos() - lastAt;
                double part = span <= 0 ? 1 : (atNanos - lastAt) / span;
                return last + part * (point.productiveSeconds() - last);
            }
            lastAt = point.atNanos();
            last = point.productiveSeconds();
        }
        return last;
    }

    private void sweep() {
        PlanReport.Sweep sweep = report.sweep();
        if (sweep == null) {
            return;
        }
        // Evenly spaced: values that double would crowd at the left.
        var points = new ArrayList<Plot.Point>();
        var values = new ArrayList<String>();
        for (PlanReport.Sweep.Sample sample : sweep.samples()) {
            points.add(new Plot.Point(points.size(), 100 * sample.outcome().goodput()));
            values.add(PlanTable.number(sample.value()));
        }
        html.append("<h2>Goodput against ").append(escape(sweep.option())).append("</h2>\n");
        html.append("<figure>\n");
        var line = new Plot.Line("goodput", points, true);
        html.append(
                Plot.svg(
                        "Goodput against " + sweep.option(),
                        sweep.option(),
                        List.of(line),
                        values));
        html.append("<figcaption>every point is a run of the same trace, the values as asked for,")
                .append(" not to scale</figcaption>\n</figure>\n");
    }

    private void losses() {
        html.append("<h2>Where the time went</h2>\n<div class='scroll'><table>\n<tr><th></th>");
        report.outcomes()
                .forEach(one -> html.append("<th>").append(escape(one.policy())).append("</th>"));
        html.append("</tr>\n");
        for (Category category : Category.values()) {
            if (report.outcomes().stream().allMatch(one -> one.share(category) == 0)) {
                continue;
            }
            html.append("<tr><td>").append(category.key()).append("</td>");
            for (Outcome one : report.outcomes()) {
                html.append("<td>").append(PlanTable.loss(one.share(category)));
                html.append("</td>");
            }
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
    }

    private void settings() {
        html.append("<h2>Assumed</h2>\n<ul>\n");
        report.assumptions()
                .forEach(line -> html.append("<li>").append(escape(line)).append("</li>\n"));
        html.append("</ul>\n<div class='scroll'><table class='settings'>\n");
        report.settings().forEach(this::setting);
        html.append("</table></div>\n");
    }

    private void setting(String name, String value) {
        if (!name.equals("title")) {
            html.append("<tr><td>").append(escape(name)).append("</td><td>");
            html.append(escape(value)).append("</td></tr>\n");
        }
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&quot;");
    }
}
