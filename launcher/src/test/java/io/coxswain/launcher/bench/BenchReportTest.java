package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.Map;

class BenchReportTest {
    private final BenchReport report = new BenchReport("demo", Map.of("kills", 3));

    private JsonNode json() {
        return JsonMapper.shared().readTree(report.toJson());
    }

    @Test
    void aFigureStandsBesideItsLimit() {
        report.add("pause", "ms", Samples.of(100, 300, 200), Figure.Limit.atMost(250, "at 1 MB"));

        JsonNode figure = json().get("figures").get(0);

        assertThat(figure.get("median").asDouble()).isEqualTo(200);
        assertThat(figure.get("min").asDouble()).isEqualTo(100);
        assertThat(figure.get("max").asDouble()).isEqualTo(300);
        assertThat(figure.get("runs").asInt()).isEqualTo(3);
        assertThat(figure.get("limit").get("is").asString()).isEqualTo("at most");
        assertThat(figure.get("limit").get("value").asDouble()).isEqualTo(250);
        assertThat(figure.get("met").asBoolean()).isTrue();
        assertThat(figure.get("samples").size()).isEqualTo(3);
    }

    @Test
    void theMedianDecidesOnBothKindsOfLimits() {
        assertThat(new Figure("x", "", Samples.of(1, 2, 9), Figure.Limit.atMost(2, "")).met())
                .isTrue();
        assertThat(new Figure("x", "", Samples.of(1, 2, 9), Figure.Limit.atMost(1.9, "")).met())
                .isFalse();
        assertThat(new Figure("x", "", Samples.of(1, 2, 9), Figure.Limit.atLeast(2, "")).met())
                .isTrue();
        assertThat(new Figure("x", "", Samples.of(1, 2, 9), Figure.Limit.atLeast(2.1, "")).met())
                .isFalse();
    }

    @Test
    void withoutLimitOrMeasurementNothingIsClaimed() {
        report.add("explains", "ms", Samples.of(1), null);
        report.add("never seen", "ms", Samples.of(), Figure.Limit.atMost(1, "always"));

        JsonNode figures = json().get("figures");

        assertThat(figures.get(0).has("met")).isFalse();
        assertThat(figures.get(0).has("limit")).isFalse();
        assertThat(figures.get(1).has("met")).isFalse();
        assertThat(figures.get(1).has("median")).isFalse();
        assertThat(figures.get(1).get("runs").asInt()).isZero();
    }

    @Test
    void settingsNotesAndDetailsAreKept() {
        report.note("stopped early");
        report.detail(Map.of("totalNanos", 5L));

        assertThat(json().get("bench").asString()).isEqualTo("demo");
        assertThat(json().get("settings").get("kills").asInt()).isEqualTo(3);
        assertThat(json().get("notes").get(0).asString()).isEqualTo("stopped early");
        assertThat(json().get("details").get(0).get("totalNanos").asLong()).isEqualTo(5);
        assertThat(json().get("environment").get("processors").asInt()).isPositive();
    }

    @Test
    void theTableHasALineForEachFigureAndSaysWhatWasMissed() {
        report.add("pause", "ms", Samples.of(100, 300), Figure.Limit.atMost(150, "at 1 MB"));
        report.add("speed", "GB/s", Samples.of(1.5), Figure.Limit.atLeast(1, "raw"));
        report.note("quick");

        assertThat(report.table())
                .hasSize(4)
                .satisfies(lines ->
                        assertThat(lines.get(1))
                                .contains("pause", "200 ms", "100", "300", "≤ 150 ms (at 1 MB)")
                                .endsWith("MISSED"))
                .satisfies(lines ->
                        assertThat(lines.get(2))
                                .contains("1.50 GB/s", "≥ 1 GB/s (raw)")
                                .endsWith("kept"))
                .last()
                .isEqualTo("note: quick");
    }

    @Test
    void numbersHaveAsManyDigitsAsTheyNeed() {
        assertThat(BenchReport.number(1234.5)).isEqualTo("1235");
        assertThat(BenchReport.number(12.34)).isEqualTo("12.3");
        assertThat(BenchReport.number(1.234)).isEqualTo("1.23");
        assertThat(BenchReport.number(0.1234)).isEqualTo("0.123");
        assertThat(BenchReport.number(7)).isEqualTo("7");
        assertThat(Figure.rounded(123456.789)).isEqualTo(123457);
        assertThat(Figure.rounded(0)).isZero();
    }
}
