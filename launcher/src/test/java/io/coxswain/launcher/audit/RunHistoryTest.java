package io.coxswain.launcher.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What the format leaves open, and what contradicts it, one by one. Logs are written short: {@code
 * 1.5 step 3 4} is step 3 on 4 workers at 1.5 s; each entry is a line of the JSON, from line 2 on.
 */
class RunHistoryTest {
    private static final String BEGIN = "0 job; 0 attempt 0; 0 members 4 4; ";

    private static String json(String log) {
        var json = new StringBuilder("{\"events\": [");
        String separator = "\n";
        for (String entry : log.split(";", -1)) {
            String[] words = entry.strip().split(" ", -1);
            String what =
                    switch (words[1]) {
                        case "job" -> "\"job_start\"";
                        case "end" -> "\"job_end\"";
                        case "attempt" -> "\"attempt_start\", \"attempt\": " + words[2];
                        case "begin" -> "\"phase_start\", \"phase\": \"" + words[2] + "\"";
                        case "done" -> "\"phase_end\", \"phase\": \"" + words[2] + "\"";
                        case "step" ->
                                "\"step_start\", \"step\": "
                                        + words[2]
                                        + ", \"workers\": "
                                        + (words.length > 3 ? words[3] : "4");
                        case "data" -> "\"data_end\", \"step\": " + words[2];
                        case "stepped" -> "\"step_end\", \"step\": " + words[2];
                        case "save" -> "\"save_start\", \"step\": " + words[2];
                        case "saved" -> "\"save_end\", \"step\": " + words[2];
                        case "fail" -> "\"failure\", \"worker\": 0, \"lost_to\": " + words[2];
                        case "members" ->
                                "\"membership\", \"active\": "
                                        + words[2]
                                        + ", \"total\": "
                                        + words[3];
                        default -> throw new IllegalArgumentException(entry);
                    };
            json.append(separator)
                    .append("{\"t\": ")
                    .append(words[0])
                    .append(", \"event\": ")
                    .append(what)
                    .append('}');
            separator = ",\n";
        }
        return json.append("]}").toString();
    }

    private static RunAudit audit(String log) throws ConfigException {
        return read(new ByteArrayInputStream(json(log).getBytes(StandardCharsets.UTF_8)));
    }

    private static RunAudit read(InputStream in) throws ConfigException {
        var pipeline = new Audit.Pipeline("log", _ -> {});
        try {
            LogReader.read("log", in, pipeline.history()::accept);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return pipeline.finish().run();
    }

    /** Seconds by category, as {@code lost_work=1.5, …}. */
    private static String seconds(RunAudit audit) {
        var seconds = new TreeMap<String, Double>();
        audit.byWall().forEach((category, nanos) -> seconds.put(category.key(), nanos / 1e9));
        return seconds.toString();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    a wait before the first process is other | 0 job; 2 attempt 0; 3 end | {other=3.0}
                    a gap that nothing explains is other | 0 begin init; 1 done init; 3 begin prep; 4 end | {other=2.0, startup=2.0}
                    a restore of the first attempt is startup | 0 begin restore; 1 done restore; 1 end | {startup=1.0}
                    the phases of attempt 0 after a failure in place are recovery | 0 fail 0; 1 begin init; 2 done init; 2 begin restore; 3 done restore; 3 end | {recovery_infra=1.0, recovery_init=1.0, recovery_restore=1.0}
                    a log may begin at a later attempt | 0 attempt 3; 0 begin init; 1 done init; 1 end | {recovery_init=1.0}
                    a phase that a failure cuts counts as far as it went | 0 begin init; 2 fail 0; 3 end | {recovery_infra=1.0, startup=2.0}
                    a save that a failure cuts is a save | 0 save 0; 2 fail 0; 3 end | {checkpoint_save=2.0, recovery_infra=1.0}
                    a stall that a failure ends is a stall | 0 step 0; 1 data 0; 2 begin stall; 5 fail 0; 6 end | {lost_work=2.0, recovery_infra=1.0, stall=3.0}
                    a stall in a step that is rolled back stays a stall | 0 step 0; 0 data 0; 1 begin stall; 2 done stall; 3 stepped 0; 3 fail 0; 3 end | {lost_work=2.0, stall=1.0}
                    what began last has the time | 0 begin prep; 1 begin restore; 2 done restore; 3 done prep; 3 end | {startup=3.0}
                    phases may end in any order | 0 begin stall; 1 begin reconfigure; 2 done stall; 3 done reconfigure; 3 end | {reconfigure=2.0, stall=1.0}
                    a stall in a save is a stall | 0 save 0; 1 begin stall; 2 done stall; 3 saved 0; 3 end | {checkpoint_save=2.0, stall=1.0}
                    a save inside a step is no part of it | 0 step 0; 0 data 0; 1 save 0; 3 saved 0; 4 stepped 0; 4 end | {checkpoint_save=2.0, productive=2.0}
                    a step without data_end did not wait | 0 step 0; 2 stepped 0; 2 end | {productive=2.0}
                    a step that does not finish is lost | 0 step 0; 1 data 0; 2 end | {lost_work=2.0}
                    a step that an attempt's start cuts is lost | 0 step 0; 1 attempt 1; 1 step 0; 2 stepped 0; 2 end | {lost_work=1.0, productive=1.0}
                    a step done again takes back the first | 0 step 0; 1 stepped 0; 1 step 0; 3 stepped 0; 3 end | {lost_work=1.0, productive=2.0}
                    steps after the last save count if nothing takes them back | 0 step 0; 1 stepped 0; 1 end | {productive=1.0}
                    a failure between steps may lose nothing | 0 step 0; 1 stepped 0; 1 fail 1; 2 attempt 1; 2 step 1; 3 stepped 1; 3 end | {productive=2.0, recovery_infra=1.0}
                    the last failure says where training goes on, also further back | 0 step 0; 1 stepped 0; 1 step 1; 2 stepped 1; 2 fail 1; 3 fail 0; 4 attempt 1; 4 step 0; 5 stepped 0; 5 end | {lost_work=2.0, productive=1.0, recovery_infra=2.0}
                    and also less far back | 0 step 0; 1 stepped 0; 1 step 1; 2 stepped 1; 2 fail 0; 3 fail 1; 4 attempt 1; 4 step 1; 5 stepped 1; 5 end | {lost_work=1.0, productive=2.0, recovery_infra=2.0}
                    a run that ends while down loses what it would have gone back over | 0 step 0; 1 stepped 0; 1 step 1; 2 stepped 1; 2 fail 1; 3 end | {lost_work=1.0, productive=1.0, recovery_infra=1.0}
                    recovery in place lasts until steps go on | 0 fail 0; 1 begin reconfigure; 2 done reconfigure; 3 step 0; 4 stepped 0; 4 end | {productive=1.0, reconfigure=1.0, recovery_infra=2.0}
                    a gap after a process has started is other | 0 fail 0; 1 attempt 1; 2 step 0; 3 stepped 0; 3 end | {other=1.0, productive=1.0, recovery_infra=1.0}
                    a failure below the log's first step | 0 step 7; 1 stepped 7; 1 fail 5; 2 attempt 1; 2 step 5; 3 stepped 5; 3 step 6; 4 stepped 6; 4 end | {lost_work=1.0, productive=2.0, recovery_infra=1.0}
                    a step that ends when the failure comes is lost with lost_to | 0 step 0; 1 fail 0; 1 stepped 0; 2 end | {lost_work=1.0, recovery_infra=1.0}
                    and kept with lost_to behind it | 0 step 0; 1 fail 1; 1 stepped 0; 2 end | {productive=1.0, recovery_infra=1.0}
                    the next step may be told before the end of this one | 0 step 0; 1 step 1; 1 stepped 0; 2 stepped 1; 2 end | {productive=2.0}
                    job_end may be told before what ends with it | 0 step 0; 1 end; 1 stepped 0 | {productive=1.0}
                    """)
    void decides(String unusedName, String log, String seconds) throws ConfigException {
        boolean begins = log.contains("0 job;");
        String attempt = log.contains("0 attempt 3") ? "" : "0 attempt 0; ";

        assertThat(seconds(audit(begins ? log : "0 job; " + attempt + log))).isEqualTo(seconds);
    }

    @Test
    void workersThatAreMissingAreMissingWhateverTheOthersDo() throws ConfigException {
        RunAudit audit =
                audit(
                        BEGIN
                                + "0 step 0; 1 stepped 0; 1 members 3 4; 1 save 1; 2 saved 1;"
                                + " 2 fail 1; 3 attempt 1; 3 step 1 3; 4 stepped 1; 4 end");

        assertThat(workerSeconds(audit))
                .isEqualTo(
                        Map.of(
                                "productive", 7L,
                                "checkpoint_save", 3L,
                                "recovery_infra", 3L,
                                "capacity_down", 3L));
    }

    @Test
    void aStepsOwnCountHoldsUntilTheMembersChange() throws ConfigException {
        assertThat(
                        workerSeconds(
                                audit(
                                        BEGIN
                                                + "0 step 0 3; 1 data 0; 2 members 2 4; 3 stepped"
                                                + " 0; 4 end")))
                .isEqualTo(
                        Map.of(
                                "data_wait",
                                3L,
                                "productive",
                                5L,
                                "other",
                                2L,
                                "capacity_down",
                                6L));
    }

    @Test
    void whatPassesBeforeAnyCountHasTheFirstOne() throws ConfigException {
        assertThat(workerSeconds(audit("0 job; 1 attempt 0; 2 members 3 4; 3 end")))
                .isEqualTo(Map.of("other", 9L, "capacity_down", 3L));
        assertThat(workerSeconds(audit("0 job; 1 attempt 0; 2 step 0 2; 3 stepped 0; 3 end")))
                .isEqualTo(Map.of("other", 4L, "productive", 2L));
    }

    @Test
    void theTotalMayChange() throws ConfigException {
        RunAudit audit = audit(BEGIN + "1 members 6 8; 2 end");

        assertThat(workerSeconds(audit)).isEqualTo(Map.of("other", 10L, "capacity_down", 2L));
        assertThat(audit.workers()).isEqualTo(8);
    }

    private static Map<String, Long> workerSeconds(RunAudit audit) {
        var seconds = new TreeMap<String, Long>();
        Objects.requireNonNull(audit.byWorker())
                .forEach((category, nanos) ->
                        seconds.put(category.key(), nanos.longValueExact() / 1_000_000_000L));
        return seconds;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    0 attempt 0; 1 end | 2:1: the log does not begin with job_start
                    0 job; 1 job | 3:1: job_start stands twice, first in line 2
                    0 job; 1 end; 1 end | 4:1: job_end stands twice, first in line 3
                    0 job; 1 end; 2 members 1 1 | 4:1: comes after the job's end in line 3
                    0 job; 2 attempt 0; 1 end | 4:1: t: the time goes back, from 2 s in line 3 to 1 s
                    0 job; 1 begin init | 3:1: init starts before the first attempt_start
                    0 job; 1 step 0 | 3:1: step 0 starts before the first attempt_start
                    0 job; 1 save 0 | 3:1: a save of step 0 starts before the first attempt_start
                    0 job; 0 attempt 1; 1 attempt 1 | 4:1: attempt 1 starts after attempt 1 in line 3
                    0 job; 0 attempt 0; 0 begin init; 1 begin init | 5:1: init starts, but is under way since line 4
                    0 job; 0 attempt 0; 1 done prep | 4:1: prep ends, but it is not under way
                    0 job; 0 attempt 0; 0 begin prep; 1 fail 0; 2 done prep | 6:1: prep ends, but it was cut by line 5
                    0 job; 0 attempt 0; 0 step 0; 1 step 1; 2 end | 5:1: step 1 starts during step 0 of line 4
                    0 job; 0 attempt 0; 0 begin init; 1 step 0; 2 end | 5:1: step 0 starts during init of line 4
                    0 job; 0 attempt 0; 0 save 0; 1 step 0; 2 end | 5:1: step 0 starts during the save of step 0 of line 4
                    0 job; 0 attempt 0; 1 stepped 0 | 4:1: step 0 ends, but it is not under way
                    0 job; 0 attempt 0; 0 step 0; 1 stepped 1 | 5:1: step 1 ends, but it is not under way
                    0 job; 0 attempt 0; 0 step 0; 1 fail 0; 2 stepped 0 | 6:1: step 0 ends, but it was cut by line 5
                    0 job; 0 attempt 0; 0 step 0; 1 begin stall; 2 stepped 0; 3 end | 6:1: step 0 ends during stall of line 5
                    0 job; 0 attempt 0; 0 step 0; 1 data 1 | 5:1: the data wait of step 1 ends, but it is not under way
                    0 job; 0 attempt 0; 0 step 0; 1 data 0; 2 data 0 | 6:1: the data wait of step 0 ends twice
                    0 job; 0 attempt 0; 0 step 0; 1 stepped 0; 1 step 2 | 6:1: step 2 starts, but only the steps before 1 are finished
                    0 job; 0 attempt 0; 0 step 0; 1 fail 1; 2 end | 5:1: lost_to: training cannot go on from step 1: no step is finished
                    0 job; 0 attempt 0; 0 step 0; 1 stepped 0; 1 fail 0; 2 step 1 | 7:1: step 1 starts, but the failure in line 6 says that training will go on from step 0
                    0 job; 0 attempt 0; 0 members 2 2; 0 step 0 3 | 5:1: step 0 runs on 3 workers, but there are only 2
                    0 job; 0 attempt 0; 0 save 0; 1 save 0; 2 end | 5:1: a save of step 0 starts during the save of step 0 of line 4
                    0 job; 0 attempt 0; 0 save 0; 1 saved 1; 2 end | 5:1: the save of step 1 ends, but it is not under way
                    0 job; 0 attempt 0; 0 step 0; 1 stepped 0; 1 save 2 | 6:1: a save of step 2 starts, but only the steps before 1 are finished
                    0 job; 0 attempt 0; 0 members 2000000000 2000000000; 0 step 0 2000000000; 9 stepped 0; 9 end | 5:1: one step takes more worker-time from here on than can be counted (292 worker-years)
                    """)
    void refuses(String log, String complaint) {
        assertThatThrownBy(() -> audit(log))
                .isInstanceOf(ConfigException.class)
                .hasMessage("log:" + complaint);
    }

    @Test
    void manyEntriesThatFitInNoOrderAreRefusedAtOnce() {
        String log = "0 job; 0 attempt 0" + "; 0 stepped 5".repeat(1_000);

        assertThatThrownBy(() -> audit(log)).hasMessageStartingWith("log:4:1: step 5 ends");
    }

    @Test
    void aLogOfAMillionEntriesIsReadAsItComes() throws ConfigException {
        int steps = 333_332;
        RunAudit audit = read(log(steps));

        assertThat(audit.entries()).isEqualTo(3L * steps + 4);
        assertThat(audit.usefulSteps()).isEqualTo(steps);
        assertThat(audit.nanos(AuditCategory.PRODUCTIVE)).isEqualTo(steps * 750_000_000L);
        assertThat(audit.nanos(AuditCategory.DATA_WAIT)).isEqualTo(steps * 250_000_000L);
    }

    /** A log of so many steps of a second, written while it is read. */
    @SuppressWarnings("JdkObsolete") // SequenceInputStream takes nothing newer
    private static InputStream log(int steps) {
        Iterator<String> parts =
                IntStream.rangeClosed(-1, steps).mapToObj(step -> part(step, steps)).iterator();
        return new SequenceInputStream(
                new Enumeration<>() {
                    @Override
                    public boolean hasMoreElements() {
                        return parts.hasNext();
                    }

                    @Override
                    public InputStream nextElement() {
                        return new ByteArrayInputStream(
                                parts.next().getBytes(StandardCharsets.UTF_8));
                    }
                });
    }

    private static String part(int step, int steps) {
        if (step < 0) {
            return """
            [{"t": 0, "event": "job_start"},
             {"t": 0, "event": "attempt_start", "attempt": 0},
             {"t": 0, "event": "membership", "active": 4, "total": 4}
            """;
        }
        if (step == steps) {
            return ", {\"t\": " + step + ", \"event\": \"job_end\"}]";
        }
        return String.format(
                Locale.ROOT,
                ", {\"t\": %d, \"event\": \"step_start\", \"step\": %d, \"workers\": 4},"
                        + " {\"t\": %d.25, \"event\": \"data_end\", \"step\": %d},"
                        + " {\"t\": %d, \"event\": \"step_end\", \"step\": %d}%n",
                step,
                step,
                step,
                step,
                step + 1,
                step);
    }
}
