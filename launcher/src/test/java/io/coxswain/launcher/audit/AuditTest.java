package io.coxswain.launcher.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * Logs with their truth, and with what ml-goodput-measurement 0.2.3 itself said of the entries that
 * we export of them ({@code tool}).
 */
class AuditTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir private Path folder = Path.of("");

    /** The resource, unpacked into a file. */
    private Path log(String name) throws IOException {
        Path file = folder.resolve(name + ".json");
        boolean packed = AuditTest.class.getResource("/audit/" + name + ".json") == null;
        try (InputStream in =
                Objects.requireNonNull(
                        AuditTest.class.getResourceAsStream(
                                "/audit/" + name + (packed ? ".json.gz" : ".json")),
                        name)) {
            Files.copy(packed ? new GZIPInputStream(in) : in, file);
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "restarts",
                "overlapping-failures",
                "stalls",
                "elastic",
                "nothing-lost",
                "ends-down",
                "unfinished"
            })
    void accountsForEveryMillisecond(String name) throws Exception {
        Path log = log(name);
        JsonNode said = JSON.readTree(AuditJson.of(Audit.of(log)));
        JsonNode truth = JSON.readTree(Files.readString(log)).get("truth");

        for (String field : truth.propertyNames()) {
            same(field, said.required(field), truth.required(field), 0);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "restarts",
                "overlapping-failures",
                "stalls",
                "elastic",
                "nothing-lost",
                "ends-down",
                "unfinished"
            })
    void countsAsTheOtherLibraryDoes(String name) throws Exception {
        Path log = log(name);
        JsonNode said =
                JSON.readTree(AuditJson.of(Audit.of(log))).required("ml_goodput_measurement");
        JsonNode tool = JSON.readTree(Files.readString(log)).required("tool").required("plain");

        for (String field :
                List.of("goodput_pct", "productive_s", "total_s", "disruptions", "badput_s")) {
            same(field, said.required(field), tool.required(field), 1e-4);
        }
        assertThat(said.required("max_productive_step"))
                .isEqualTo(tool.required("max_productive_step"));
    }

    /** The same numbers under the same names; what only one of them has is 0 or empty. */
    private static void same(String path, JsonNode said, JsonNode expected, double within) {
        if (!expected.isObject()) {
            assertThat(said.doubleValue())
                    .as(path)
                    .isEqualTo(expected.doubleValue(), within(within));
            return;
        }
        for (String field : expected.propertyNames()) {
            if (!expected.required(field).isObject() || said.has(field)) {
                same(path + "." + field, said.required(field), expected.required(field), within);
            }
        }
        for (String field : said.propertyNames()) {
            assertThat(expected.has(field) || said.required(field).doubleValue() == 0)
                    .as("%s.%s", path, field)
                    .isTrue();
        }
    }

    @Test
    void explainsWhatTheOtherLibraryCannotSee() throws Exception {
        Audit audit = Audit.of(log("stalls"));

        assertThat(audit.mlGoodput().differences())
                .extracting(MlGoodputView.Difference::what)
                .contains("data_wait", "stall");
        assertThat(AuditText.of(audit))
                .anyMatch(line ->
                        line.contains("stall") && line.contains("+4.700 s  it cannot see a hang"));
    }

    @Test
    void aLogThatEndsEarlyIsAccountedForAsFarAsItGoes() throws Exception {
        Path log =
                Files.writeString(
                        folder.resolve("open.json"),
                        """
                        [{"t": 5, "event": "job_start"}, {"t": 5, "event": "attempt_start", "attempt": 0},
                         {"t": 6, "event": "phase_start", "phase": "init"},
                         {"t": 8.5, "event": "phase_end", "phase": "init"}]
                        """);

        RunAudit run = Audit.of(log).run();

        assertThat(run.byWall())
                .containsOnly(
                        Map.entry(AuditCategory.STARTUP, 2_500_000_000L),
                        Map.entry(AuditCategory.OTHER, 1_000_000_000L));
        assertThat(run.byWorker()).isNull();
        assertThat(run.notes())
                .containsExactly(
                        "the log has no job_end: the account ends with its last entry, at 8.5 s",
                        "the log does not say how many workers there are: only the wall time"
                                + " counts");
        assertThat(JSON.readTree(AuditJson.of(Audit.of(log))).required("worker_seconds").isNull())
                .isTrue();
    }

    @Test
    void aRunWithoutTimeHasNoGoodput() throws Exception {
        Path log =
                Files.writeString(
                        folder.resolve("none.json"),
                        "[{\"t\": 1, \"event\": \"job_start\"}, {\"t\": 1, \"event\":"
                                + " \"job_end\"}]");
        Audit audit = Audit.of(log);

        assertThat(JSON.readTree(AuditJson.of(audit)).required("goodput_pct").isNull()).isTrue();
        assertThat(AuditText.of(audit)).anyMatch(line -> line.contains("would refuse this run"));
    }

    @Test
    void workerTimeHasNoLimit() throws Exception {
        Path log =
                Files.writeString(
                        folder.resolve("large.json"),
                        """
                        [{"t": 0, "event": "job_start"},
                         {"t": 0, "event": "membership", "active": 2000000000, "total": 2147483647},
                         {"t": 4e9, "event": "job_end"}]
                        """);

        RunAudit run = Audit.of(log).run();

        assertThat(run.workerNanos(AuditCategory.OTHER))
                .hasToString("8000000000000000000000000000");
        assertThat(run.totalWorkerNanos()).hasToString("8589934588000000000000000000");
    }

    @Test
    void exportsTheEntriesOfTheOtherLibrary() throws Exception {
        Path export = folder.resolve("entries.jsonl");

        Audit.of(log("nothing-lost"), export);

        assertThat(Files.readAllLines(export))
                .startsWith(
                        "{\"job_name\":\"nothing-lost\",\"job_start_time\":0.25}",
                        "{\"job_name\":\"nothing-lost\",\"active_slices\":1,\"total_slices\":1,"
                                + "\"available_slices\":1,\"elastic_slice_counts_timestamp\":0.25}",
                        "{\"job_name\":\"nothing-lost\",\"step_count\":0,\"step_start_time\":0.25}",
                        "{\"job_name\":\"nothing-lost\",\"data_loading_start_time\":0.25}",
                        "{\"job_name\":\"nothing-lost\",\"data_loading_end_time\":0.5}",
                        "{\"job_name\":\"nothing-lost\",\"job_start_time\":2.0}",
                        "{\"job_name\":\"nothing-lost\",\"step\":1,\"event_type\":\"restore\","
                                + "\"directory\":\"unknown\",\"checkpointer_duration_secs\":0.25,"
                                + "\"checkpoint_manager_start_time\":2.0,"
                                + "\"checkpoint_manager_duration_secs\":0.25}")
                .endsWith("{\"job_name\":\"nothing-lost\",\"job_end_time\":3.5}");
    }

    @Test
    void theExportHasAsManyEntriesAsTheReferenceCounts() throws Exception {
        Path export = folder.resolve("entries.jsonl");
        Path log = log("restarts");

        Audit.of(log, export);

        int entries =
                JSON.readTree(Files.readString(log))
                        .required("tool")
                        .required("plain")
                        .required("entries")
                        .asInt();
        // One is the number of workers, which the plain calculator passes over.
        assertThat(Files.readAllLines(export)).hasSize(entries + 1);
    }

    @Test
    void anExportThatFailsLeavesNothingBehind() throws IOException {
        Path log =
                Files.writeString(
                        folder.resolve("bad.json"), "[{\"t\": 0, \"event\": \"job_start\"}, 7]");
        Path export = Files.createDirectory(folder.resolve("out")).resolve("entries.jsonl");

        assertThatThrownBy(() -> Audit.of(log, export)).isInstanceOf(ConfigException.class);
        assertThat(export.getParent()).isEmptyDirectory();
        Files.writeString(export, "before", StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Audit.of(log, export)).isInstanceOf(ConfigException.class);
        assertThat(export).hasContent("before");
        assertThatThrownBy(() -> Audit.of(log, folder.resolve("no/such/file")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("the export cannot be written to");
    }
}
