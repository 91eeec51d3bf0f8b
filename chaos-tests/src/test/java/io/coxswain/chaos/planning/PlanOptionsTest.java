package io.coxswain.chaos.planning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Options that change or add runs: what they say must agree with runs made one by one. */
final class PlanOptionsTest {
    private static final long MILLI = 1_000_000L;

    private static final List<String> SMALL =
            List.of(
                    "--agents",
                    "64",
                    "--spares",
                    "8",
                    "--days",
                    "10",
                    "--failure-scale",
                    "150",
                    "--policy",
                    "copies+spares");

    @TempDir Path folder;

    private JsonNode plan(String... more) throws IOException {
        Path report = folder.resolve("plan.json");
        var args = new ArrayList<>(SMALL);
        args.addAll(List.of(more));
        args.addAll(List.of("--report", report.toString()));
        var line = new CommandLine(new SimulateCommand()).setOverwrittenOptionsAllowed(true);
        assertThat(line.execute(args.toArray(String[]::new))).isZero();
        return JsonMapper.builder().build().readTree(Files.readString(report));
    }

    private static double goodput(JsonNode plan) {
        return plan.get("policies").get(0).get("goodput").asDouble();
    }

    private static String text(JsonNode plan, String list) {
        var lines = new ArrayList<String>();
        plan.get(list).forEach(one -> lines.add(one.asString()));
        return String.join("\n", lines);
    }

    private static JobReport measured(long restoreMillis, int incidents) {
        var list = new ArrayList<JobReport.IncidentReport>();
        for (int i = 0; i < incidents; i++) {
            var phases =
                    new JobReport.Phases(
                            70 * MILLI, 12 * MILLI, 5 * MILLI, restoreMillis * MILLI, 90 * MILLI);
            list.add(
                    new JobReport.IncidentReport(
                            i + 1,
                            "killed",
                            List.of("a1"),
                            10,
                            10,
                            0,
                            List.of(),
                            phases,
                            1,
                            true,
                            "host",
                            0,
                            0,
                            List.of(),
                            "",
                            List.of(),
                            1,
                            null));
        }
        return new JobReport(
                "measured",
                true,
                100,
                "00",
                0.5,
                0.9,
                100,
                List.of(100L),
                new JobReport.Goodput(
                        2,
                        4_000 * MILLI,
                        BigInteger.valueOf(8_000 * MILLI),
                        Map.of("productive", BigInteger.valueOf(8_000 * MILLI)),
                        1),
                list,
                Map.of());
    }

    @Test
    void costsOfARealRunTakeThePlaceOfAssumedOnes() throws Exception {
        Path file = folder.resolve("run.json");
        Files.writeString(file, measured(250, 3).toJson());
        JsonNode assumed = plan();
        JsonNode quick = plan("--costs", file.toString());
        assertThat(text(quick, "assumptions"))
                .contains("medians of 3 recoveries", "detection 70 ms", "without bytes 250 ms");
        assertThat(text(assumed, "assumptions")).contains("assumed; detection 2000 ms");
        assertThat(goodput(quick)).isGreaterThan(goodput(assumed));
        JsonNode shares = quick.get("policies").get(0).get("shares");
        assertThat(shares.get("detection").asDouble())
                .isLessThan(
                        assumed.get("policies").get(0).get("shares").get("detection").asDouble());

        Files.writeString(file, measured(60_000, 1).toJson());
        assertThat(goodput(plan("--costs", file.toString()))).isLessThan(goodput(assumed));
    }

    @Test
    void costsWithoutARecoveryAreRefused() throws Exception {
        Path file = folder.resolve("run.json");
        Files.writeString(file, measured(1, 0).toJson());
        var said = new StringBuilder();
        var line = new CommandLine(new SimulateCommand());
        line.setExecutionExceptionHandler((failure, _, _) -> {
            said.append(failure.getMessage());
            return 2;
        });
        assertThat(line.execute("--costs", file.toString())).isEqualTo(2);
        assertThat(said).contains("the run had no recovery");
        said.setLength(0);
        Files.writeString(file, "{");
        assertThat(line.execute("--costs", file.toString())).isEqualTo(2);
        assertThat(said).contains("expected the file that `coxswain train --report` writes");
    }

    @Test
    void theTargetsSparesAreTheFewestThatReachIt() throws Exception {
        JsonNode swept = plan("--sweep", "spares=0..8:1");
        var bySpares = new ArrayList<Double>();
        swept.get("sweep")
                .get("samples")
                .forEach(one -> bySpares.add(one.get("goodput").asDouble()));
        assertThat(bySpares).hasSize(9);
        assertThat(bySpares.getLast()).as("spares help here").isGreaterThan(bySpares.getFirst());
        double target = (bySpares.getFirst() + bySpares.getLast()) / 2;

        String advice = text(plan("--target", String.valueOf(100 * target)), "advice");
        Matcher found = Pattern.compile("reached with (\\d+) spares").matcher(advice);
        assertThat(found.find()).as(advice).isTrue();
        int fewest = Integer.parseInt(found.group(1));
        assertThat(bySpares.get(fewest)).isGreaterThanOrEqualTo(target);
        assertThat(bySpares.get(fewest - 1)).isLessThan(target);

        assertThat(text(plan("--target", "99.9999"), "advice"))
                .contains("Target 100.00%: not reached with 8 spares");
    }

    @Test
    void everySampleOfASweepIsTheRunOfThatValue() throws Exception {
        JsonNode swept = plan("--sweep", "interval=1,40,200");
        assertThat(swept.get("sweep").get("option").asString()).isEqualTo("interval");
        JsonNode samples = swept.get("sweep").get("samples");
        assertThat(samples).hasSize(3);
        double best = 0;
        for (JsonNode sample : samples) {
            String interval = String.valueOf(sample.get("interval").asInt());
            assertThat(sample.get("goodput").asDouble())
                    .as("interval %s", interval)
                    .isEqualTo(goodput(plan("--interval", interval)));
            best = Math.max(best, sample.get("goodput").asDouble());
        }
        assertThat(text(swept, "advice"))
                .contains(String.format(java.util.Locale.ROOT, "is best, %.2f%%", 100 * best));
    }
}
