package io.coxswain.launcher.conformance;

import io.coxswain.bridge.conformance.Check;
import io.coxswain.bridge.conformance.Outcome;
import io.coxswain.bridge.conformance.Report;
import io.coxswain.bridge.conformance.Result;
import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The kit's report, for people and as JSON. */
public final class ReportTexts {
    private static final String DETAIL = " ".repeat(7);

    private ReportTexts() {}

    /** The lines of one result: one, or more if it failed. */
    public static List<String> lines(Result result) {
        Check check = result.check();
        String head =
                String.format(
                        Locale.ROOT,
                        "%s  %-16s %8s",
                        word(result.outcome()).toUpperCase(Locale.ROOT),
                        check.name(),
                        Texts.duration(result.nanos()));
        return switch (result.outcome()) {
            case Outcome.Passed passed -> List.of((head + "  " + passed.note()).stripTrailing());
            case Outcome.Skipped skipped -> List.of(head + "  " + skipped.reason());
            case Outcome.Failed failed -> {
                var lines = new ArrayList<String>();
                lines.add(head + "  " + check.rule());
                lines.add(DETAIL + "expected   " + failed.expected());
                lines.add(DETAIL + "found      " + failed.found());
                lines.add(DETAIL + "see        " + check.place());
                String words = failed.lastWords().strip();
                if (!words.isEmpty()) {
                    lines.add(DETAIL + "last words");
                    words.lines().map(line -> DETAIL + "  | " + line).forEach(lines::add);
                }
                yield List.copyOf(lines);
            }
        };
    }

    /** The last line. */
    public static String summary(Report report) {
        long skipped =
                report.results().stream()
                        .filter(result -> result.outcome() instanceof Outcome.Skipped)
                        .count();
        int failed = report.failures().size();
        return "%s: %d passed, %d failed, %d skipped (seed %d)"
                .formatted(
                        report.runtimeKind().isEmpty() ? "worker" : report.runtimeKind(),
                        report.results().size() - failed - skipped,
                        failed,
                        skipped,
                        report.seed());
    }

    /** All checks with their rules. */
    public static List<String> list(List<Check> checks) {
        return checks.stream()
                .map(check ->
                        String.format(
                                Locale.ROOT,
                                "%-16s %s (%s)",
                                check.name(),
                                check.rule(),
                                check.section()))
                .toList();
    }

    /** The report as one JSON object. */
    public static String json(Report report, List<String> command) {
        var results = new ArrayList<Map<String, Object>>();
        for (Result result : report.results()) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("check", result.check().name());
            fields.put("rule", result.check().rule());
            fields.put("see", result.check().place());
            fields.put("outcome", word(result.outcome()));
            fields.put("nanos", result.nanos());
            switch (result.outcome()) {
                case Outcome.Passed passed -> fields.put("note", passed.note());
                case Outcome.Skipped skipped -> fields.put("reason", skipped.reason());
                case Outcome.Failed failed -> {
                    fields.put("expected", failed.expected());
                    fields.put("found", failed.found());
                    fields.put("lastWords", failed.lastWords());
                }
            }
            results.add(fields);
        }
        var root = new LinkedHashMap<String, Object>();
        root.put("passed", report.passed());
        root.put("runtimeKind", report.runtimeKind());
        root.put("seed", report.seed());
        root.put("command", command);
        root.put("results", results);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static String word(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Passed _ -> "pass";
            case Outcome.Failed _ -> "fail";
            case Outcome.Skipped _ -> "skip";
        };
    }
}
