package io.coxswain.launcher.goodput;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.node.ObjectNode;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

class GoodputViewTest {
    private static final String PICTURE =
            """
            {"blocked": {"healthy": true, "what": "training: step 40 of 100"},
             "job": {"id": "j-1", "name": "digits", "phase": "active", "slots": 2, "steps": 100,
              "completedStep": 40, "protectedStep": 38, "protectedLagSteps": 2,
              "protectedLagSeconds": 0.25, "elapsedSeconds": 100.5, "agents": "not shown",
              "windows": [
               {"name": "5m", "seconds": 100.5, "slotSeconds": 201.000000001, "ratio": 0.75,
                "slotSecondsByCategory": {"productive": 150.750000001, "data_wait": 50.25, "other": 0}},
               {"name": "run", "seconds": 100.5, "slotSeconds": 201.000000001, "ratio": 0.75,
                "slotSecondsByCategory": {"productive": 150.750000001, "data_wait": 50.25, "other": 0}}],
              "counters": {"copyBytes": 1500000},
              "stepTimes": {"medianSeconds": 0.1, "p95Seconds": 0.12, "slowdown": 0.07,
               "slowdownSlotSeconds": 3.5, "straggler": "rank 1, 1.8 × the median", "ranks": []},
              "reliability": {"failures": 1, "mtbfSeconds": 100.5, "mttrSeconds": 0.5, "ettr": 0.9, "mfu": null},
              "incidents": [{"id": 1, "cause": "agent agent-1 lost", "stepsLost": 2, "costSlotSeconds": 1.25}]}}
            """;

    private static StatusResponse running() {
        return StatusResponse.newBuilder()
                .setPictureJson(PICTURE)
                .addJobs(JobStatus.newBuilder().setJobId("j-1").setName("digits"))
                .addJobs(JobStatus.newBuilder().setJobId("j-0").setReportJson(report()))
                .build();
    }

    private static String report() {
        var categories = new LinkedHashMap<String, BigInteger>();
        categories.put("productive", BigInteger.valueOf(1_500_000_001L));
        categories.put("startup", BigInteger.valueOf(499_999_999L));
        return new JobReport(
                        "j-0",
                        true,
                        7,
                        "",
                        null,
                        null,
                        0,
                        List.of(),
                        new JobReport.Goodput(
                                2, 1_000_000_000L, BigInteger.TWO.pow(40), categories, 0.75),
                        List.of(),
                        Map.of())
                .toJson();
    }

    private static ObjectNode view(String job) {
        return Objects.requireNonNull(GoodputView.of(running(), job));
    }

    @Test
    void theJobThatRunsIsThePictures() {
        assertThat(GoodputTexts.of(view("")))
                .containsExactly(
                        "job j-1: training: step 40 of 100; 2 slots, 100.5 s",
                        "",
                        "                5m       run",
                        "  job time      100.5 s  100.5 s",
                        "  slot-seconds  201.000  201.000",
                        "  goodput       75.00%   75.00%",
                        "    productive  75.00%   75.00%",
                        "    data_wait   25.00%   25.00%",
                        "",
                        "  step time     median 100 ms, p95 120 ms, 7.0% slower than its best"
                                + " sustained median (cost 3.500 slot-seconds, within productive)",
                        "  straggler     rank 1, 1.8 × the median",
                        "  protected     step 38, 2 steps and 250 ms behind",
                        "  reliability   1 failure, MTBF 100.5 s, MTTR 500 ms, ETTR 90.00%",
                        "  copies        1.5 MB verified",
                        "",
                        "  incidents",
                        "    1  agent agent-1 lost; cost 1.250 slot-seconds, 2 steps lost");
        assertThat(view("j-1")).isEqualTo(view(""));
    }

    @Test
    void oneWindowHasSlotSecondsToo() {
        assertThat(GoodputTexts.of(GoodputView.only(view(""), "run")))
                .contains(
                        "  goodput       75.00%",
                        "    productive  150.750  75.00%", "    data_wait   50.250   25.00%");
    }

    @Test
    void jsonKeepsAllDigits() {
        assertThat(GoodputView.json(view("")))
                .contains("201.000000001", "\"training: step 40 of 100\"")
                .doesNotContain("not shown");
    }

    @Test
    void anOlderJobIsItsReports() {
        ObjectNode old = view("j-0");
        assertThat(GoodputTexts.of(old))
                .startsWith("job j-0: completed; 2 slots, 1.0 s", "")
                .contains("  slot-seconds  1,099.512");
        assertThat(GoodputView.json(old)).contains("1.500000001", "0.499999999");
    }

    @Test
    void whatIsNotThereIsNull() {
        assertThat(GoodputView.of(running(), "j-9")).isNull();
        assertThat(GoodputView.of(StatusResponse.getDefaultInstance(), "")).isNull();
        var none = StatusResponse.newBuilder().setPictureJson("{\"job\": null}").build();
        assertThat(GoodputView.of(none, "")).isNull();
    }
}
