package io.coxswain.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.coordinator.journal.JournalReader;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.logs.Logs;
import io.coxswain.launcher.service.HttpAddress;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the commands tell of a real run with a real death, and that they tell the same. */
@ResourceLock(Resources.SYSTEM_OUT)
class ObservedRunIT {
    private static final Path DIGITS = Path.of("..", "examples", "digits", "job.yaml");
    private static final int STEPS = 80;
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    @TempDir private Path folder = Path.of("");

    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void logNothing() {
        Logs.silent();
    }

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

    private String said(String... command) {
        out.reset();
        err.reset();
        int status = Main.execute(command);
        assertThat(status)
                .as(() -> String.join(" ", command) + ": " + err.toString(StandardCharsets.UTF_8))
                .isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static JsonNode json(String text) {
        return JSON.readTree(text);
    }

    @Test
    void aDeathIsToldAlikeByAll() throws Exception {
        JobFile job =
                JobFile.read(DIGITS, Map.of("mesh.shards", "1", "steps", Integer.toString(STEPS)));
        RunFolder run = RunFolder.create(folder.resolve("run"), "digits");
        Path arenas = Files.createDirectories(folder.resolve("shm"));
        var plan =
                new LocalCluster.Plan(
                        3,
                        List.of(FaultSpec.parse(FaultSpec.Victim.HOST, "1@step:40")),
                        run,
                        arenas,
                        MemoryPlan.of(job, 3).agentBudget(),
                        Map.of(),
                        new HttpAddress(HttpAddress.LOOPBACK, 0));
        String at = run.path().toString();
        List<JournalLine> told;
        JobReport report;
        try (LocalCluster cluster = LocalCluster.start(plan, new Silence())) {
            report = cluster.run(job.spec("observed")).get();
            assertThat(report.completed()).isTrue();
            assertThat(report.incidents()).isNotEmpty();
            told =
                    said("events", "--json", "--run-dir", at)
                            .lines()
                            .map(JournalLine::parse)
                            .toList();
            incidents(at, report);
            status(at, report);
            account(at, report, cluster.ready().join().httpUrl().orElseThrow());
        }

        List<JournalLine> journal = journal(run.events());
        // What came while the commands were asked is in the journal only.
        assertThat(journal).containsAll(told);
        assertThat(journal.getFirst().kind()).isEqualTo(JournalLine.OPENED);
        assertThat(journal.getLast().kind()).isEqualTo(JournalLine.CLOSED);
        for (int i = 1; i < journal.size() - 1; i++) {
            JournalLine line = journal.get(i);
            assertThat(line.sequence()).isEqualTo(i);
            CoordinatorEvent event = line.event();
            assertThat(event).isNotNull().isNotInstanceOf(CoordinatorEvent.Gap.class);
            assertThat(line.monotonicNanos())
                    .isGreaterThanOrEqualTo(i == 1 ? 0 : journal.get(i - 1).monotonicNanos());
        }
        fromTheJournal(run.events(), report);
        assertThat(Main.execute("status", "--run-dir", at)).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("no run goes on", "--journal", "events.jsonl");
    }

    // A busy machine may have had others.
    private static JobReport.IncidentReport death(JobReport report) {
        return report.incidents().stream()
                .filter(incident -> incident.agents().contains("agent-1"))
                .findFirst()
                .orElseThrow();
    }

    private void incidents(String at, JobReport report) {
        JsonNode all = json(said("incidents", "--json", "--run-dir", at));
        assertThat(all.get("job").asString()).isEqualTo("observed");
        var reports = new ArrayList<JobReport.IncidentReport>();
        for (JsonNode one : all.get("incidents")) {
            reports.add(JobReport.IncidentReport.fromJson(one.toString()));
        }
        assertThat(reports).isEqualTo(report.incidents());
        JobReport.IncidentReport death = death(report);
        assertThat(death.kind()).isEqualTo("host");
        assertThat(death.reason()).isNotEmpty();
        assertThat(death.beganMillis()).isPositive();
        assertThat(death.costSlotNanos()).isNotNull();
        assertThat(death.waterfall()).extracting(JobReport.Stretch::phase).startsWith("detect");
        assertThat(death.waterfall().stream().mapToLong(JobReport.Stretch::nanos).sum())
                .isEqualTo(death.totalNanos());

        String text = said("incidents", Integer.toString(death.id()), "--run-dir", at);
        assertThat(text)
                .contains(
                        "incident " + death.id() + " of job observed: host",
                        death.cause(),
                        death.reason());
        assertThat(text.lines()).anyMatch(line -> line.startsWith("  restore "));
        assertThat(said("incidents", "--run-dir", at)).contains("KIND", "host");
        assertThat(Main.execute("incidents", "99", "--run-dir", at)).isEqualTo(ExitCode.USAGE);
        assertThat(Main.execute("incidents", "--job", "none", "--run-dir", at))
                .isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("there is no job none");
    }

    private void status(String at, JobReport report) {
        JsonNode job = json(said("status", "--json", "--run-dir", at)).get("picture").get("job");
        assertThat(job.get("id").asString()).isEqualTo("observed");
        assertThat(job.get("phase").asString()).isEqualTo("completed");
        assertThat(job.get("completedStep").asLong()).isEqualTo(STEPS);
        JsonNode incident = job.get("incidents").get(report.incidents().indexOf(death(report)));
        JobReport.IncidentReport death = death(report);
        assertThat(incident.get("cause").asString()).isEqualTo(death.cause());
        assertThat(incident.get("reason").asString()).isEqualTo(death.reason());
        assertThat(incident.get("beganMillis").asLong())
                .isBetween(death.beganMillis() - 1, death.beganMillis() + 1);
        assertThat(incident.get("costSlotSeconds").decimalValue().stripTrailingZeros())
                .isEqualTo(new BigDecimal(death.costSlotNanos(), 9).stripTrailingZeros());
        assertThat(incident.get("phaseSeconds").get("restore").decimalValue())
                .isEqualByComparingTo(BigDecimal.valueOf(death.phasesNanos().restore(), 9));

        assertThat(said("status", "--run-dir", at)).contains("observed", "AGENT", "copies: ");
        List<String> looks = said("top", "--count", "1", "--run-dir", at).lines().toList();
        assertThat(looks).hasSize(1);
        assertThat(looks.getFirst()).contains("step " + STEPS + " of " + STEPS);
        assertThat(json(said("top", "--count", "1", "--json", "--run-dir", at)).get("job"))
                .isEqualTo(job);
    }

    /** The page, the metrics, the command and the report have one account. */
    private void account(String at, JobReport report, String address) throws Exception {
        JsonNode told = json(said("goodput", "--json", "--run-dir", at));
        String url = address.endsWith("/") ? address : address + "/";
        JsonNode page = json(get(url + "api/v1/picture")).get("job");
        String metrics = get(url + "metrics");

        assertThat(told.get("windows")).isEqualTo(page.get("windows"));
        JsonNode run = named(told.get("windows"), "run").get("slotSecondsByCategory");
        for (Map.Entry<String, BigInteger> booked : report.goodput().categories().entrySet()) {
            String category = booked.getKey();
            BigDecimal seconds = new BigDecimal(booked.getValue(), 9);
            assertThat(run.path(category).decimalValue(BigDecimal.ZERO))
                    .as(category)
                    .isEqualByComparingTo(seconds);
            double scraped =
                    category.equals("productive")
                            ? sample(metrics, "coxswain_productive_slot_seconds_total{")
                                    - sample(metrics, "coxswain_retracted_slot_seconds_total{")
                            : sample(
                                    metrics,
                                    "coxswain_loss_slot_seconds_total{category=\""
                                            + category
                                            + "\",");
            assertThat(scraped).as(category).isCloseTo(seconds.doubleValue(), within(1e-6));
        }
    }

    private static String get(String url) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url)).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static JsonNode named(JsonNode list, String name) {
        for (JsonNode one : list) {
            if (one.path("name").asString("").equals(name)) {
                return one;
            }
        }
        throw new AssertionError("there is no " + name + " in " + list);
    }

    private static double sample(String metrics, String begin) {
        return metrics.lines()
                .filter(line -> line.startsWith(begin))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static List<JournalLine> journal(Path file) throws Exception {
        var lines = new ArrayList<JournalLine>();
        JournalReader.read(
                file,
                lines::add,
                complaint -> {
                    throw new AssertionError(complaint);
                });
        return lines;
    }

    private void fromTheJournal(Path file, JobReport report) {
        JsonNode one =
                json(
                        said(
                                "incidents",
                                Integer.toString(death(report).id()),
                                "--json",
                                "--journal",
                                file.toString()));
        JobReport.IncidentReport death = death(report);
        var read = JobReport.IncidentReport.fromJson(one.toString());
        assertThat(read.waterfall()).isEqualTo(death.waterfall());
        assertThat(read.sources()).isEqualTo(death.sources());
        assertThat(read.costSlotNanos()).isEqualTo(death.costSlotNanos());
        assertThat(read.phasesNanos()).isEqualTo(death.phasesNanos());
        var kinds = new LinkedHashMap<String, Integer>();
        said("events", "--json", "--journal", file.toString(), "--kind", "IncidentClosed")
                .lines()
                .map(JournalLine::parse)
                .forEach(line -> kinds.merge(line.kind(), 1, Integer::sum));
        assertThat(kinds).isEqualTo(Map.of("IncidentClosed", report.incidents().size()));
    }

    /** Nobody looks. */
    private static final class Silence implements LocalCluster.Listener {
        @Override
        public void on(SequencedEvent event) {}

        @Override
        public void agentsUp(int up) {}

        @Override
        public void injected(FaultSpec fault) {}

        @Override
        public void agentEnded(AgentProcess agent, int status) {}

        @Override
        public void agentsNeeded(int more, String command) {}

        @Override
        public void broken(Throwable bug) {}
    }
}
