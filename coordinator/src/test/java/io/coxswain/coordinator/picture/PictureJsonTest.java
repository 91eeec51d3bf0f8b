package io.coxswain.coordinator.picture;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

class PictureJsonTest {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    private static Picture full() {
        var nanos = new BigInteger("12345678901234567890123");
        var window =
                new Window("5m", 300_000_000_001L, nanos, 0.5, Map.of(Category.DATA_WAIT, nanos));
        var job =
                new JobPicture(
                        "j-1",
                        "a \"name\"",
                        "active",
                        "",
                        3,
                        100,
                        50,
                        48,
                        2,
                        1_500_000_000L,
                        Float.NaN,
                        2.5,
                        4,
                        2,
                        2,
                        Map.of("team", "x"),
                        1_700_000_000_000L,
                        20_000_000_000L,
                        List.of(window),
                        List.of(new Bucket(1, 2, Map.of(Category.PRODUCTIVE, 3.25))),
                        new Counters(
                                nanos,
                                BigInteger.ONE,
                                Map.of(Category.RECOVERY_FENCE, BigInteger.TEN),
                                1,
                                2,
                                3,
                                4,
                                5,
                                6,
                                7,
                                8,
                                9,
                                10),
                        new StepFigures(
                                1,
                                2,
                                Double.NaN,
                                0.07,
                                BigInteger.TWO,
                                "none",
                                List.of(new RankSteps(1, 2, 3, 4, 0.5))),
                        new Reliability(1, Double.NaN, 2, 0.9, Double.NaN),
                        new CopiesPicture(
                                1,
                                1,
                                List.of(new HolderPicture(0, 1, "a", "r/h", true)),
                                List.of("d"),
                                "any one agent",
                                false),
                        List.of(
                                new IncidentPicture(
                                        1,
                                        "lost",
                                        List.of("a"),
                                        7,
                                        6,
                                        1,
                                        8,
                                        false,
                                        true,
                                        "fence",
                                        Map.of("detect", 5L),
                                        "why",
                                        BigInteger.ONE,
                                        "abc",
                                        List.of(
                                                new IncidentPicture.Source(
                                                        0, "a", "fetched", "b", 9)))),
                        List.of(new Point(1, 2, 0.5f, 3)),
                        new ExportsPicture(
                                3, List.of("the state of step 50 was not exported to /x: full")));
        return new Picture(
                7,
                8,
                "c1",
                "leading",
                2,
                new Blocked(true, "training", 1, List.of("a"), "next"),
                job,
                List.of(new QueuedJob("q", "n", 1, 2, 3, "held in the queue")),
                List.of(new AgentPicture("a", "i", "r/h", "h", "ranked", 0, "", 1, 2, 3, "hh")),
                1_000,
                4,
                "c1",
                "");
    }

    @Test
    void secondsHaveAllTheirDigits() {
        JsonNode json = MAPPER.readTree(PictureJson.of(full()));
        JsonNode window = json.path("job").path("windows").path(0);
        assertThat(window.path("seconds").decimalValue())
                .isEqualByComparingTo(new BigDecimal("300.000000001"));
        assertThat(window.path("slotSecondsByCategory").path("data_wait").decimalValue())
                .isEqualByComparingTo(new BigDecimal("12345678901234.567890123"));
        assertThat(PictureJson.of(full()))
                .contains("\"slotSeconds\":12345678901234.567890123")
                .contains("\"retractedSlotSeconds\":0.000000001");
    }

    @Test
    void whatIsNotANumberIsNull() {
        JsonNode job = MAPPER.readTree(PictureJson.of(full())).path("job");
        assertThat(job.path("loss").isNull()).isTrue();
        assertThat(job.path("stepTimes").path("bestMedianSeconds").isNull()).isTrue();
        assertThat(job.path("reliability").path("mfu").isNull()).isTrue();
        assertThat(job.path("reliability").path("mttrSeconds").asDouble()).isEqualTo(2);
    }

    /** Each component of each record is there, durations in seconds. */
    @Test
    void namesAreThoseOfTheRecords() {
        JsonNode json = MAPPER.readTree(PictureJson.of(full()));
        same(Picture.class, json);
        same(Blocked.class, json.path("blocked"));
        same(QueuedJob.class, json.path("queued").path(0));
        same(AgentPicture.class, json.path("agents").path(0));
        JsonNode job = json.path("job");
        same(JobPicture.class, job);
        same(Window.class, job.path("windows").path(0));
        same(Bucket.class, job.path("timeline").path(0));
        same(Counters.class, job.path("counters"));
        same(StepFigures.class, job.path("stepTimes"));
        same(RankSteps.class, job.path("stepTimes").path("ranks").path(0));
        same(Reliability.class, job.path("reliability"));
        same(CopiesPicture.class, job.path("copies"));
        same(HolderPicture.class, job.path("copies").path("holders").path(0));
        same(IncidentPicture.class, job.path("incidents").path(0));
        same(IncidentPicture.Source.class, job.path("incidents").path(0).path("sources").path(0));
        same(Point.class, job.path("curve").path(0));
    }

    private static void same(Class<? extends Record> record, JsonNode node) {
        List<String> names =
                List.of(Objects.requireNonNull(record.getRecordComponents())).stream()
                        .map(RecordComponent::getName)
                        .map(name -> name.equals("nanos") ? "seconds" : name)
                        .map(name -> name.replace("Nanos", "Seconds"))
                        .toList();
        assertThat(node.propertyNames()).containsExactlyElementsOf(names);
    }

    @Test
    void writesIntoAStreamThatStaysOpen() {
        var closed = new boolean[1];
        var out =
                new ByteArrayOutputStream() {
                    @Override
                    public void close() {
                        closed[0] = true;
                    }
                };
        PictureJson.write(full(), out);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(PictureJson.of(full()));
        assertThat(closed[0]).isFalse();
        assertThat(PictureJson.of(Picture.none("c1", 5))).contains("\"job\":null");
    }
}
