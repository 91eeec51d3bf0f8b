package io.coxswain.launcher.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class LogReaderTest {
    @TempDir private Path folder = Path.of("");

    private static List<LogEntry> read(String json) throws ConfigException, IOException {
        var entries = new ArrayList<LogEntry>();
        LogReader.read(
                "log",
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                entries::add);
        return entries;
    }

    @Test
    void readsEveryKindOfEntryWhateverElseIsThere() throws Exception {
        List<LogEntry> entries =
                read(
                        """
                        {"truth": {"deep": [[{"events": 3}]]}, "events": [
                        {"event": "job_start", "t": 0.5, "host": {"name": "a"}, "total": "two"},
                        {"t": 1, "event": "attempt_start", "attempt": 2},
                        {"t": 1.25, "event": "phase_start", "phase": "restore", "step": 7},
                        {"t": 1e1, "event": "phase_end", "phase": "first_data"},
                        {"t": 11, "event": "step_start", "step": 7, "workers": 3},
                        {"t": 11, "event": "data_end", "step": 7},
                        {"t": 11, "event": "step_end", "step": 7},
                        {"t": 11, "event": "save_start", "step": 8},
                        {"t": 11, "event": "save_end", "step": 8},
                        {"t": 11, "event": "failure", "worker": "host-3", "lost_to": 8},
                        {"t": 11, "event": "membership", "active": 0, "total": 4},
                        {"t": 11, "event": "job_end"}
                        ], "tool": null}
                        """);

        assertThat(entries)
                .extracting(LogEntry::event)
                .containsExactly(
                        new LogEvent.JobStart(),
                        new LogEvent.AttemptStart(2),
                        new LogEvent.PhaseStart(LogEvent.Phase.RESTORE, 7),
                        new LogEvent.PhaseEnd(LogEvent.Phase.FIRST_DATA),
                        new LogEvent.StepStart(7, 3),
                        new LogEvent.DataEnd(7),
                        new LogEvent.StepEnd(7),
                        new LogEvent.SaveStart(8),
                        new LogEvent.SaveEnd(8),
                        new LogEvent.Failure(8),
                        new LogEvent.Membership(0, 4),
                        new LogEvent.JobEnd());
        assertThat(entries.get(3).atNanos()).isEqualTo(10_000_000_000L);
        assertThat(entries.get(3).place()).hasToString("log:5:1");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.001, 1000000",
        "1767225600.123, 1767225600123000000",
        "31.099999999999998, 31100000000",
        "-4500000000, -4500000000000000000",
        "1e-999999999, 0",
        "0e999999999, 0",
        "0.0000000004, 0"
    })
    void timesAreExactToTheNanosecond(String t, long nanos) throws Exception {
        assertThat(read("[{\"t\": " + t + ", \"event\": \"job_end\"}]").getFirst().atNanos())
                .isEqualTo(nanos);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    {"t": 1, "event": "step_begin", "step": 1} | 1:20: there is no event 'step_begin'; did you mean step_end?
                    {"t": 1, "event": "xyzzyxyzzyxyzzyxyzzy"} | 1:20: there is no event 'xyzzyxyzzyxyzzyxyzzy'; expected one of job_start, job_end, attempt_start, phase_start, phase_end, step_start, data_end, step_end, save_start, save_end, failure, membership
                    {"t": 1, "event": "phase_end", "phase": "restor"} | 1:42: there is no phase 'restor'; did you mean restore?
                    {"t": 1, "event": "step_end"} | 1:2: step_end lacks the field step
                    {"t": 1, "step": 3} | 1:2: the entry lacks the field event
                    {"event": "job_end"} | 1:2: job_end lacks the field t
                    {"t": 1, "event": 7} | 1:20: event: found 7, expected the name of an event
                    {"t": 1, "event": "phase_end", "phase": null} | 1:42: phase: found null, expected the name of a phase
                    {"t": "1", "event": "job_end"} | 1:8: t: found '1', expected seconds as a number from -4500000000 to 4500000000
                    {"t": 4500000001, "event": "job_end"} | 1:8: t: found 4500000001, expected seconds as a number from -4500000000 to 4500000000
                    {"t": 1e999999999, "event": "job_end"} | 1:8: t: found 1E+999999999, expected seconds as a number from -4500000000 to 4500000000
                    {"t": [1], "event": "job_end"} | 1:8: t: found a list, expected seconds as a number from -4500000000 to 4500000000
                    {"t": 1, "event": "step_end", "step": -1} | 1:40: step: found -1, expected a whole number from 0 to 1000000000000000
                    {"t": 1, "event": "step_end", "step": 1.5} | 1:40: step: found 1.5, expected a whole number from 0 to 1000000000000000
                    {"t": 1, "event": "step_end", "step": true} | 1:40: step: found true, expected a whole number from 0 to 1000000000000000
                    {"t": 1, "event": "step_end", "step": 99999999999999999999} | 1:40: step: found 99999999999999999999, expected a whole number from 0 to 1000000000000000
                    {"t": 1, "event": "step_start", "step": 1, "workers": 0} | 1:56: workers: found 0, expected 1 to 2147483647
                    {"t": 1, "event": "failure", "lost_to": 1} | 1:2: failure lacks the field worker
                    {"t": 1, "event": "failure", "worker": {}, "lost_to": 1} | 1:41: worker: found an object, expected the worker's number or name
                    {"t": 1, "event": "membership", "active": 3, "total": 2} | 1:44: active: found 3, expected no more than the 2 in total
                    {"t": 1, "t": 2, "event": "job_end"} | 1:14: not valid JSON: Duplicate Object property "t"
                    7 | 1:2: found a number, expected an entry such as {"t": 0.0, "event": "job_start"}
                    """)
    void namesThePlaceAndTheReason(String entry, String complaint) {
        assertThatThrownBy(() -> read("[" + entry + "]"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("log:" + complaint);
    }

    @Test
    void theLineIsTheOneInTheFile() {
        assertThatThrownBy(() ->
                        read(
                                """
                                {"events": [
                                  {"t": 0, "event": "job_start"},
                                  {"t": 1, "event": "attempt_start"
                                     , "attempt": "one"}]}
                                """))
                .hasMessage(
                        "log:4:19: attempt: found 'one', expected a whole number from 0 to"
                                + " 1000000000000000");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    ``                         | log:1:1: is empty, expected an object with the field events
                    7                          | log:1:1: found a number, expected an object with the field events
                    {"event": []}              | log:1:1: the log has no field events
                    {"events": {"t": 1}}       | log:1:12: events: found an object, expected a list
                    [] []                      | log:1:4: something follows the end of the log
                    {"events": [], "events": []} | log:1:24: not valid JSON: Duplicate Object property "events"
                    """)
    void namesWhatIsNoLog(String json, String complaint) {
        assertThatThrownBy(() -> read(json)).hasMessage(complaint);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"t\": 1, \"event\": \"job_start\"}",
                "[{\"t\": 1, \"event\": \"job_",
                "{\"events\": [}",
                "[{\"t\": 01}]",
                "[{\"t\": NaN, \"event\": \"job_end\"}]",
                "[{'t': 1}]"
            })
    void brokenJsonHasAPlaceToo(String json) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(ConfigException.class)
                .hasMessageMatching("(?s)log:1:\\d+: not valid JSON: .+");
    }

    @Test
    void filesThatCannotBeReadAreNamed() {
        Path none = folder.resolve("none.json");

        assertThatThrownBy(() -> LogReader.read(none, _ -> {})).hasMessage(none + ": no such file");
        assertThatThrownBy(() -> LogReader.read(folder, _ -> {}))
                .hasMessage(folder + ": is a folder, expected an event log");
    }
}
