package io.coxswain.chaos.checker;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a scenario ended.
 *
 * @param artifacts the folder with all logs, the events and the report
 * @param verdicts of the scenario's own oracles
 */
public record Outcome(
        String scenario,
        String target,
        Evidence evidence,
        List<Verdict> verdicts,
        Path artifacts,
        Duration took) {
    public Outcome {
        verdicts = List.copyOf(verdicts);
    }

    /** Whether every oracle is content. */
    public boolean holds() {
        return verdicts.stream().allMatch(Verdict::holds);
    }

    /**
     * Asks further oracles.
     *
     * @throws AssertionError with all that does not hold, the faults that came and where the logs
     *     are
     */
    public Outcome assertThat(Oracle... oracles) {
        List<Verdict> judged = new ArrayList<>(verdicts);
        Arrays.stream(oracles).forEach(oracle -> judged.add(oracle.judge(evidence)));
        if (!judged.stream().allMatch(Verdict::holds)) {
            throw new AssertionError(
                    scenario
                            + " does not hold:"
                            + System.lineSeparator()
                            + String.join(
                                    System.lineSeparator(),
                                    lines(
                                            judged.stream()
                                                    .filter(verdict -> !verdict.holds())
                                                    .toList())));
        }
        return this;
    }

    /** The faults that came and what the oracles say. */
    public List<String> lines() {
        return lines(verdicts);
    }

    private List<String> lines(List<Verdict> shown) {
        var lines = new ArrayList<String>();
        evidence.firings().forEach(firing -> lines.add("  " + firing.text()));
        for (Verdict verdict : shown) {
            lines.add(
                    "  "
                            + (verdict.holds() ? "holds" : "FAILS")
                            + "  "
                            + verdict.oracle()
                            + ": "
                            + verdict.says());
        }
        if (!shown.stream().allMatch(Verdict::holds)) {
            lines.add("  logs, events and report: " + artifacts);
        }
        return lines;
    }

    /** Its lines of the table of faults. */
    public List<FaultRow> rows() {
        return FaultRow.of(scenario, target, evidence);
    }

    /** Its lines of the table of outages. */
    public List<StoreOutage.Row> outages() {
        return StoreOutage.rows(scenario, evidence.outages());
    }

    /** Its lines of the table of leaders. */
    public List<LeaderRow> leaders() {
        return LeaderRow.of(scenario, evidence, artifacts);
    }
}
