package io.coxswain.launcher.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.conformance.Check;
import io.coxswain.bridge.conformance.Conformance;
import io.coxswain.bridge.conformance.Outcome;
import io.coxswain.bridge.conformance.Report;
import io.coxswain.bridge.conformance.Result;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.List;

class ReportTextsTest {
    private static final Check HELLO = new Check("hello", "both channels come up", "#hello");
    private static final Result PASSED =
            new Result(HELLO, new Outcome.Passed("toy, after 90 ms"), 91_000_000);
    private static final Result SKIPPED =
            new Result(
                    new Check("abort-blocked", "a step stops", "#abort"),
                    new Outcome.Skipped("needs a slow job"),
                    0);
    private static final Result FAILED =
            new Result(
                    new Check("shutdown", "shutdown ends the process", "#the-end"),
                    new Outcome.Failed("exit status 0", "status 1", "toy worker: bye\nfor now\n"),
                    1_500_000_000);

    @Test
    void aPassIsALine() {
        assertThat(ReportTexts.lines(PASSED))
                .containsExactly("PASS  hello               91 ms  toy, after 90 ms");
    }

    @Test
    void aSkipSaysWhy() {
        assertThat(ReportTexts.lines(SKIPPED))
                .containsExactly("SKIP  abort-blocked      0.0 ms  needs a slow job");
    }

    @Test
    void aFailureSaysRuleExpectationFindingPlaceAndLastWords() {
        assertThat(ReportTexts.lines(FAILED))
                .containsExactly(
                        "FAIL  shutdown            1.5 s  shutdown ends the process",
                        "       expected   exit status 0",
                        "       found      status 1",
                        "       see        docs/bridge.md#the-end",
                        "       last words",
                        "         | toy worker: bye",
                        "         | for now");
    }

    @Test
    void theSummaryCounts() {
        assertThat(ReportTexts.summary(new Report("toy", 7, List.of(PASSED, SKIPPED, FAILED))))
                .isEqualTo("toy: 1 passed, 1 failed, 1 skipped (seed 7)");
    }

    @Test
    void theJsonHasAllOfIt() {
        Report report = new Report("toy", 7, List.of(PASSED, SKIPPED, FAILED));
        JsonNode json =
                JsonMapper.shared().readTree(ReportTexts.json(report, List.of("toy", "worker")));

        assertThat(json.get("passed").asBoolean()).isFalse();
        assertThat(json.get("runtimeKind").asString()).isEqualTo("toy");
        assertThat(json.get("command").size()).isEqualTo(2);
        assertThat(json.get("results").get(0).get("outcome").asString()).isEqualTo("pass");
        assertThat(json.get("results").get(1).get("reason").asString())
                .isEqualTo("needs a slow job");
        assertThat(json.get("results").get(2).get("found").asString()).isEqualTo("status 1");
        assertThat(json.get("results").get(2).get("nanos").asLong()).isEqualTo(1_500_000_000L);
    }

    @Test
    void everyCheckIsListedWithItsRule() {
        assertThat(ReportTexts.list(Conformance.checks()))
                .hasSameSizeAs(Conformance.checks())
                .anyMatch(line -> line.startsWith("kill ") && line.contains("looks whole"));
    }
}
