package io.coxswain.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code coxswain goodput audit} as it is called. */
@ResourceLock(Resources.SYSTEM_OUT)
class GoodputAuditCommandTest {
    private static final String LOG =
            """
            {"events": [
            {"t": 0, "event": "job_start"},
            {"t": 0, "event": "attempt_start", "attempt": 0},
            {"t": 0, "event": "membership", "active": 3, "total": 4},
            {"t": 0, "event": "step_start", "step": 0, "workers": 3},
            {"t": 0.5, "event": "data_end", "step": 0},
            {"t": 2, "event": "step_end", "step": 0},
            {"t": 2, "event": "job_end"}
            ]}
            """;

    @TempDir private Path folder = Path.of("");

    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(realOut);
        System.setErr(realErr);
    }

    @Test
    void printsATable() throws IOException {
        Path log = Files.writeString(folder.resolve("run.json"), LOG);

        assertThat(Main.execute("goodput", "audit", log.toString())).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines(
                        """
                        1 useful step in 2.000 s on 4 workers, 1 attempt, 0 failures
                          goodput  75.00% of the wall time, 56.25% of 8.000 worker-seconds; with data waits 100.00% of the wall time

                                                       wall time              worker-seconds           in Coxswain's ledger
                            productive                   1.500 s   75.00%            4.500 s   56.25%  productive
                            data_wait                    0.500 s   25.00%            1.500 s   18.75%  data_wait
                            capacity_down                                            2.000 s   25.00%  degraded

                          ml-goodput-measurement would say 100.00%, 25.00 points more: 2.000 s of 2.000 s
                            data_wait                   +0.500 s  the time from one step's start to the next is training, wait and all
                        """);
    }

    @Test
    void writesJsonAndTheExport() throws IOException {
        Path log = Files.writeString(folder.resolve("run.json"), LOG);
        Path export = folder.resolve("entries.jsonl");

        assertThat(
                        Main.execute(
                                "goodput",
                                "audit",
                                log.toString(),
                                "--json",
                                "--export-mlgoodput",
                                export.toString()))
                .isZero();
        JsonNode json = JsonMapper.builder().build().readTree(out.toString(StandardCharsets.UTF_8));
        assertThat(json.required("seconds").toString())
                .isEqualTo("{\"productive\":1.5,\"data_wait\":0.5}");
        assertThat(json.required("worker_seconds").toString())
                .isEqualTo("{\"productive\":4.5,\"data_wait\":1.5,\"capacity_down\":2.0}");
        assertThat(json.required("worker_goodput_pct").doubleValue()).isEqualTo(56.25);
        assertThat(export).isNotEmptyFile();
    }

    @Test
    void aMalformedLogIsRefusedWithItsLine() throws IOException {
        Path log =
                Files.writeString(
                        folder.resolve("run.json"),
                        LOG.replace("\"t\": 2, \"event\": \"s", "\"t\": 0.25, \"event\": \"s"));

        assertThat(Main.execute("goodput", "audit", log.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines(
                        "coxswain: "
                                + log
                                + ":7:1: t: the time goes back, from 0.5 s in line 6 to 0.25 s\n");
        assertThat(out.size()).isZero();
    }

    @Test
    void aLogThatIsNotThereIsSaidSo() {
        assertThat(Main.execute("goodput", "audit", folder.resolve("none").toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("no such file");
        assertThat(Main.execute("goodput", "--window", "2h")).isEqualTo(ExitCode.USAGE);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--window: found '2h', expected one of 5m, 1h, 24h, run");
    }
}
