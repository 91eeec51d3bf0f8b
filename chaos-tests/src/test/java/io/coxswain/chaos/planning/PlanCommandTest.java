package io.coxswain.chaos.planning;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command as a person uses it, in this process. */
final class PlanCommandTest {
    @TempDir Path folder;

    private static String refusal(String... args) {
        var line = new CommandLine(new SimulateCommand());
        var said = new ArrayList<String>();
        line.setParameterExceptionHandler((wrong, _) -> {
            said.add(String.valueOf(wrong.getMessage()));
            return 2;
        });
        line.setExecutionExceptionHandler((failure, _, _) -> {
            said.add(String.valueOf(failure.getMessage()));
            return 2;
        });
        assertThat(line.execute(args)).isEqualTo(2);
        return String.join("\n", said);
    }

    @Test
    void badInputSaysWhatIsExpected() {
        assertThat(refusal("--agents", "8", "--spares", "9"))
                .contains("--spares 9: more spares than agents (8)");
        assertThat(refusal("--agents", "0")).contains("--agents 0: expected 1 to");
        assertThat(refusal("--days", "-1")).contains("--days -1.0: expected more than 0");
        assertThat(refusal("--step", "soon")).contains("'soon': expected a time such as");
        assertThat(refusal("--state", "60")).contains("'60': expected a size such as");
        assertThat(refusal("--policy", "dsk")).contains("did you mean disk?");
        assertThat(refusal("--failures", "lama3")).contains("did you mean llama3?");
        assertThat(refusal("--rate", "gpuu=1")).contains("did you mean gpu?");
        assertThat(refusal("--rate", "gpu=-1"))
                .contains("--rate gpu=-1.0: expected 0 to 1,000,000");
        assertThat(refusal("--repair", "gpu=x")).contains("expected a time");
        assertThat(refusal("--replicas", "3")).contains("cannot be dealt");
        assertThat(refusal("--interval", "0")).contains("expected a number of steps, or auto");
        assertThat(refusal("--protect-level", "rak")).contains("did you mean rack?");
        assertThat(refusal("--sweep", "spare=1..2")).contains("did you mean spares?");
        assertThat(refusal("--sweep", "spares=9..2")).contains("is empty");
        assertThat(refusal("--sweep", "interval=0,1")).contains("1 step or more");
        assertThat(refusal("--sweep", "spares=0..4:0")).contains("expected values such as");
        assertThat(refusal("--step", "3d", "--days", "2")).contains("no more than --days");
        assertThat(refusal("--state", "1001TB")).contains("at most 1000TB");
        assertThat(refusal("--restart", "4000d")).contains("expected at most 3650d");
        assertThat(refusal("--checkpoint-interval", "4000d")).contains("at most 3650d");
        assertThat(refusal("--checkpoint-interval", "0s"))
                .contains("expected a time, auto or none");
        assertThat(refusal("--target", "120")).contains("between 0 and 100");
        assertThat(refusal("--report", "/no/such/folder/x.json")).contains("cannot be written");
        assertThat(refusal("--html", "/proc/x.html")).contains("--html: ", "cannot be written");
        assertThat(refusal("--html", "a.out", "--trace-csv", "./a.out"))
                .contains("both name", "expected two files");
        assertThat(refusal("--costs", "/no/such/report.json")).contains("--costs:");
    }

    @Test
    void aReportWithoutItsFieldsSaysSo() throws Exception {
        for (String bad : List.of("{}", "null", "nonsense", "[1]")) {
            Path costs = Files.writeString(folder.resolve("costs.json"), bad);
            assertThat(refusal("--costs", costs.toString()))
                    .contains("not a job report: ", "expected the file that `coxswain train")
                    .doesNotContain("Cannot invoke");
        }
    }

    @Test
    void theTraceIsNotWrittenOver() throws Exception {
        Path trace = Files.writeString(folder.resolve("trace.csv"), "mine");
        assertThat(refusal("--failures", trace.toString(), "--trace-csv", trace.toString()))
                .contains("is the file that --failures reads");
        assertThat(trace).hasContent("mine");
    }

    @Test
    void whatComesAfterTheEndIsLeftOutAndSaid() throws Exception {
        Path report = folder.resolve("plan.json");
        Path trace =
                Files.writeString(
                        folder.resolve("trace.csv"),
                        """
                        at,component,scope,target,repair
                        6h,gpu,agent,1,1h
                        48h,gpu,agent,1,1h
                        """);
        List<String> args =
                List.of(
                        "--agents",
                        "32",
                        "--spares",
                        "2",
                        "--days",
                        "1",
                        "--policy",
                        "copies+spares,copies+spares",
                        "--failures",
                        trace.toString(),
                        "--report",
                        report.toString());
        assertThat(new CommandLine(new SimulateCommand()).execute(args.toArray(String[]::new)))
                .isZero();
        JsonNode json = JsonMapper.builder().build().readTree(Files.readString(report));
        assertThat(json.get("traceFailures").asInt()).isEqualTo(1);
        assertThat(json.get("policies")).as("a policy named twice is played once").hasSize(1);
        assertThat(json.get("assumptions").toString())
                .contains("1 failure after the end of the run (--days 1): left out");
        assertThat(json.get("advice").toString()).contains("any one domain at level rack");
    }

    @Test
    void sweepsAreReadAsWritten() {
        assertThat(SweepAsked.parse("spares=0..128").values())
                .containsExactly(0, 1, 2, 4, 8, 16, 32, 64, 128);
        assertThat(SweepAsked.parse("spares=0..8:4").values()).containsExactly(0, 4, 8);
        assertThat(SweepAsked.parse("copies=0..3").values()).containsExactly(0, 1, 2, 3);
        assertThat(SweepAsked.parse("interval=6,1").values()).containsExactly(1, 6);
    }

    @Test
    void writesReportPageAndTrace() throws Exception {
        Path report = folder.resolve("plan.json");
        Path page = folder.resolve("plan.html");
        Path trace = folder.resolve("trace.csv");
        List<String> args =
                List.of(
                        "--agents",
                        "64",
                        "--spares",
                        "4",
                        "--days",
                        "3",
                        "--failure-scale",
                        "60",
                        "--policy",
                        "disk,copies,copies+spares",
                        "--sweep",
                        "spares=0..4:2",
                        "--report",
                        report.toString(),
                        "--html",
                        page.toString(),
                        "--trace-csv",
                        trace.toString());
        int code = new CommandLine(new SimulateCommand()).execute(args.toArray(String[]::new));
        assertThat(code).isZero();

        JsonNode json = JsonMapper.builder().build().readTree(Files.readString(report));
        assertThat(json.get("policies")).hasSize(3);
        for (JsonNode policy : json.get("policies")) {
            long sum = 0;
            for (JsonNode nanos : policy.get("categories")) {
                sum += nanos.asLong();
            }
            assertThat(sum).isEqualTo(policy.get("totalSlotNanos").asLong());
            assertThat(policy.get("goodput").asDouble()).isBetween(0.0, 1.0);
        }
        assertThat(json.get("sweep").get("samples")).hasSize(3);
        assertThat(json.get("settings").get("--agents").asString()).isEqualTo("64");
        assertThat(json.get("advice")).isNotEmpty();

        String html = Files.readString(page);
        assertThat(html).contains("<svg", "prefers-color-scheme", "Goodput against spares");
        assertThat(html).doesNotContain("http://", "https://", "<script", "NaN");
        assertThat(Files.readAllLines(trace).getFirst())
                .isEqualTo("at,component,scope,target,repair");
        assertThat(json.get("traceFailures").asInt())
                .isEqualTo(Files.readAllLines(trace).size() - 1);
    }
}
