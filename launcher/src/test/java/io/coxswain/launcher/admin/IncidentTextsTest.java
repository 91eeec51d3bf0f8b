package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.JobReport.Stretch;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
import java.util.List;

class IncidentTextsTest {
    private static final long MILLI = 1_000_000L;

    static JobReport.IncidentReport incident(int id, boolean closed) {
        return new JobReport.IncidentReport(
                id,
                "agent a1 lost: died",
                List.of("a1"),
                199,
                199,
                2,
                List.of(
                        new JobReport.Source(0, "live", "a0", 0),
                        new JobReport.Source(1, "peer-copy", "a4", 1_500_000)),
                new JobReport.Phases(20 * MILLI, 20 * MILLI, 0, 40 * MILLI, 20 * MILLI),
                100 * MILLI,
                closed,
                "host",
                3_000 * MILLI,
                0,
                List.of(
                        new Stretch("detect", 1, 3_000 * MILLI, 20 * MILLI, "", List.of("a1")),
                        new Stretch("fence", 2, 3_020 * MILLI, 20 * MILLI, "why", List.of()),
                        new Stretch(
                                "restore", 2, 3_040 * MILLI, 40 * MILLI, "step 199", List.of("a4")),
                        new Stretch("resume", 2, 3_080 * MILLI, 20 * MILLI, "ready", List.of())),
                "step 199",
                List.of("a1", "a4"),
                3,
                BigInteger.valueOf(123_456_789L));
    }

    private static Incidents of(boolean closed) {
        return new Incidents("j", List.of(new ToldIncident(incident(1, closed), "00ab")));
    }

    @Test
    void oneIsAWaterfall() {
        List<String> lines = IncidentTexts.waterfall("j", of(true).incidents().getFirst(), false);

        assertThat(lines)
                .contains(
                        "incident 1 of job j: host",
                        "  cause    agent a1 lost: died",
                        "  began    3.0 s into the job, after step 199",
                        "  took     100 ms, resumed at step 199, 2 steps to be made again",
                        "  cost     0.123 slot-s of slot time",
                        "  decided  step 199",
                        "  again    the same cause was met 3 times at this step",
                        "  trace    00ab",
                        "  detect        20 ms  "
                                + "#".repeat(8)
                                + " ".repeat(34)
                                + "waited for a1",
                        "  fence         20 ms  "
                                + " ".repeat(8)
                                + "#".repeat(8)
                                + " ".repeat(26)
                                + "why",
                        "  restore       40 ms  "
                                + " ".repeat(16)
                                + "#".repeat(16)
                                + " ".repeat(10)
                                + "waited for a4",
                        "  resume        20 ms  " + " ".repeat(32) + "#".repeat(8) + "  ready",
                        "  rank 0: kept the live state",
                        "  rank 1: peer-copy from a4 (1.5 MB)");
        assertThat(IncidentTexts.waterfall("j", of(true).incidents().getFirst(), true))
                .anySatisfy(line -> assertThat(line).contains("████████"));
    }

    @Test
    void oneThatIsNotOverSaysSo() {
        assertThat(IncidentTexts.waterfall("j", of(false).incidents().getFirst(), false))
                .contains("incident 1 of job j: host, not over", "  takes    100 ms so far");
    }

    @Test
    void aListHasALineForEach() {
        List<String> lines = IncidentTexts.list(of(true));
        assertThat(lines.getFirst()).isEqualTo("job j");
        assertThat(lines.get(1)).startsWith("ID").contains("KIND", "COST", "CAUSE");
        assertThat(lines.get(2))
                .startsWith("1")
                .contains("host", "199", "100 ms", "0.123 slot-s", "agent a1 lost: died");
        assertThat(IncidentTexts.list(new Incidents("j", List.of())))
                .containsExactly("job j: no incidents");
    }

    @Test
    void asJsonItIsTheReportsWithItsTrace() {
        JsonNode all = JsonMapper.shared().readTree(IncidentTexts.json(of(true)));
        assertThat(all.get("job").asString()).isEqualTo("j");
        JsonNode one = all.get("incidents").get(0);
        assertThat(one.get("traceId").asString()).isEqualTo("00ab");
        assertThat(JobReport.IncidentReport.fromJson(one.toString())).isEqualTo(incident(1, true));
        assertThat(
                        JsonMapper.shared()
                                .readTree(IncidentTexts.json("j", of(true).incidents().getFirst()))
                                .get("waterfall"))
                .hasSize(4);
    }
}
