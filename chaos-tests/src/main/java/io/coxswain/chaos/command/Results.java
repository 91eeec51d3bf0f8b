package io.coxswain.chaos.command;

import io.coxswain.chaos.checker.FaultRow;
import io.coxswain.chaos.checker.JUnitXml;
import io.coxswain.chaos.checker.LeaderRow;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.StoreOutage;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.train.WholeFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What came of the scenarios so far; the files say so after each of them. For one thread. */
final class Results {
    private final PrintStream out;
    private final @Nullable Path junit;
    private final @Nullable Path table;
    private final List<JUnitXml.Result> results = new ArrayList<>();
    private final List<FaultRow> rows = new ArrayList<>();
    private final List<LeaderRow> leaders = new ArrayList<>();
    private final List<StoreOutage.Row> outages = new ArrayList<>();
    private boolean holds = true;

    /** How a scenario is played. */
    @FunctionalInterface
    interface Player {
        Outcome play(Scenario scenario) throws Exception;
    }

    Results(PrintStream out, @Nullable Path junit, @Nullable Path table) {
        this.out = out;
        this.junit = junit;
        this.table = table;
    }

    /** Fails early where a file could not be written later. */
    static void check(String option, @Nullable Path file) throws ConfigException {
        if (file != null) {
            WholeFile.check(option, file);
        }
    }

    /** Plays one. Whatever goes wrong is its result: the others can still be played. */
    void take(Scenario scenario, Player player) throws IOException {
        out.println(scenario.name() + ": " + scenario.about());
        long begun = System.nanoTime();
        try {
            take(player.play(scenario));
        } catch (Exception e) {
            String said = e.getMessage();
            String failure = said == null || said.isEmpty() ? e.toString() : said;
            out.println("  FAILS  " + failure);
            results.add(
                    new JUnitXml.Result(
                            scenario.name(),
                            (System.nanoTime() - begun) / 1_000_000,
                            failure,
                            e.toString()));
            holds = false;
        }
        write();
    }

    /** Says of one that it is not played, and why. */
    void skip(Scenario scenario, String why) throws IOException {
        out.println(scenario.name() + ": " + scenario.about());
        out.println("  skipped: " + why);
        results.add(JUnitXml.Result.skipped(scenario.name(), why));
        write();
    }

    private void take(Outcome outcome) {
        outcome.verdicts()
                .forEach(verdict ->
                        out.println(
                                (verdict.holds() ? "  holds  " : "  FAILS  ")
                                        + verdict.oracle()
                                        + ": "
                                        + verdict.says()));
        rows.addAll(outcome.rows());
        leaders.addAll(outcome.leaders());
        outages.addAll(outcome.outages());
        results.add(JUnitXml.Result.of(outcome));
        holds &= outcome.holds();
        if (!outcome.holds()) {
            out.println("  logs, events and report: " + outcome.artifacts());
        }
    }

    private void write() throws IOException {
        if (table != null) {
            List<String> lines = table();
            WholeFile.write(table, draft -> Files.write(draft, lines));
        }
        if (junit != null) {
            WholeFile.write(junit, draft -> JUnitXml.write(draft, results));
        }
    }

    List<String> table() {
        var lines = new ArrayList<>(FaultRow.table(rows));
        if (!leaders.isEmpty()) {
            lines.add("");
            lines.addAll(LeaderRow.table(leaders));
        }
        if (!outages.isEmpty()) {
            lines.add("");
            lines.addAll(StoreOutage.table(outages));
        }
        return lines;
    }

    boolean holds() {
        return holds;
    }
}
