package io.coxswain.launcher.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.logs.Logs;
import io.coxswain.proto.admin.v1.LookRequest;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import java.util.zip.ZipInputStream;

/** What programs in plain Python say and do, seen by their operator: real processes. */
class ProgramVoicesIT {
    private static final String JOB = "linear-1";
    private static final Path PROGRAM =
            Path.of("..", "runtime-bridge", "python", "tests", "linear_worker.py")
                    .toAbsolutePath()
                    .normalize();

    private static final CoordinatorEvent OVER = new CoordinatorEvent.Gap(0, 0);

    @TempDir private Path folder = Path.of("");
    private final BlockingQueue<CoordinatorEvent> events = new LinkedBlockingQueue<>();

    private final class Ears implements LocalCluster.Listener {
        @Override
        public void on(SequencedEvent event) {
            events.add(event.event());
        }

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

    @BeforeAll
    static void thereIsAPython() {
        Logs.silent();
        String path = System.getenv().getOrDefault("PATH", "");
        assumeTrue(
                Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, "python3"))),
                "there is no python3 in PATH");
    }

    private JobFile job(int steps, int minStepMillis, String config) throws Exception {
        Path file = folder.resolve("job.yaml");
        Files.writeString(
                file,
                """
                name: linear
                mesh: {replicas: 2, shards: 1}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 16
                microshards: 4
                runtime:
                  kind: process
                  command: [python3, %s]
                  env: {API_TOKEN: S3CRET}
                  state: 1MB
                  minStepMillis: %d
                  config: %s
                """
                        .formatted(steps, PROGRAM, minStepMillis, config));
        return JobFile.read(file, Map.of());
    }

    private LocalCluster start(JobFile job) throws Exception {
        return LocalCluster.start(
                new LocalCluster.Plan(
                        2,
                        List.of(),
                        RunFolder.create(folder.resolve("run"), "linear"),
                        Path.of("/dev/shm"),
                        MemoryPlan.of(job, 2).agentBudget(),
                        Map.of()),
                new Ears());
    }

    /** Whoever waits for an event is told when the run is over, however it ended. */
    private CompletableFuture<JobReport> run(LocalCluster cluster, JobFile job) {
        CompletableFuture<JobReport> result = cluster.run(job.spec(JOB));
        var unusedStage = result.whenComplete((_, _) -> events.add(OVER));
        return result;
    }

    private AdminClient admin(Coordinator coordinator) throws Exception {
        String address = Files.readString(folder.resolve("run/coordinator.address")).strip();
        assertThat(address).isEqualTo("127.0.0.1:" + coordinator.port());
        return AdminClient.connect(new AdminClient.Address(address, "", ""));
    }

    private <T extends CoordinatorEvent> T await(Class<T> type, Predicate<T> which)
            throws InterruptedException {
        var heard = new ArrayList<CoordinatorEvent>();
        while (true) {
            CoordinatorEvent event = events.take();
            assertThat(event).as(() -> "what came instead: " + heard).isNotEqualTo(OVER);
            heard.add(event);
            if (type.isInstance(event) && which.test(type.cast(event))) {
                return type.cast(event);
            }
        }
    }

    private interface Printing {
        void to(PrintStream out) throws Exception;
    }

    private static String printed(Printing printing) throws Exception {
        var bytes = new ByteArrayOutputStream();
        try (var out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            printing.to(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aRankThatHangsLeavesItsStacksInTheIncident() throws Exception {
        Path mark = folder.resolve("hung");
        JobFile job = job(60, 20, "{report: true, hangAt: 20, once: '%s'}".formatted(mark));
        try (LocalCluster cluster = start(job)) {
            Coordinator coordinator = cluster.ready().get();
            CompletableFuture<JobReport> result = run(cluster, job);
            CoordinatorEvent.EvidenceTaken taken =
                    await(CoordinatorEvent.EvidenceTaken.class, one -> one.incident() == 1);
            assertThat(taken.step()).isEqualTo(20);
            assertThat(taken.reason()).contains("hangs in execute").contains("never entered");
            assertThat(taken.pieces()).anyMatch(piece -> piece.startsWith("python-stacks."));

            try (AdminClient admin = admin(coordinator)) {
                Path file = folder.resolve("bundle.zip");
                DebugBundle bundle = DebugBundle.collect(admin, "", 0);
                assertThat(bundle.error()).isEmpty();
                bundle.write(file, false);
                Map<String, String> files = unzip(file);
                assertThat(files)
                        .containsKeys("incident.json", "job.json", "events.txt", "manifest.json");
                assertThat(files.get("incident.json")).contains("hangs in execute");
                assertThat(files.get("events.txt")).contains("IncidentProgressed");
                assertThat(files.get("job.json")).contains("API_TOKEN");
                assertThat(files.keySet()).contains("logs/" + taken.agent() + ".log");
                String stacks =
                        files.entrySet().stream()
                                .filter(one -> one.getKey().contains("python-stacks."))
                                .map(Map.Entry::getValue)
                                .findFirst()
                                .orElseThrow();
                assertThat(stacks).contains("in sleep_for_ever").contains("in misbehave");
                assertThat(String.join("", files.values())).doesNotContain("S3CRET");

                String live =
                        printed(out ->
                                assertThat(LiveStacks.print(admin, JOB, null, true, out, out))
                                        .isNotEqualTo(LiveStacks.Outcome.NO_SUCH_JOB));
                assertThat(live).contains("==== rank 0, agent-0").contains("==== rank 1, agent-1");
                assertThat(live).doesNotContain("S3CRET");
            }

            JobReport report = result.get();
            assertThat(report.completed()).isTrue();
            assertThat(report.steps()).isEqualTo(60);
            assertThat(report.evidence())
                    .anyMatch(one ->
                            one.incident() == 1
                                    && one.pieces().toString().contains("sleep_for_ever"));
            assertThat(report.metrics())
                    .containsOnlyKeys("never", "rate", "sample_loss")
                    .containsEntry("rate", 0.05)
                    .containsEntry("never", Double.NaN);
        }
    }

    @Test
    void whatFailsOnceIsRestartedInPlaceWithItsTracebackKept() throws Exception {
        JobFile job = job(40, 20, "{raiseAt: 9, once: '%s'}".formatted(folder.resolve("failed")));
        try (LocalCluster cluster = start(job)) {
            var unusedCoordinator = cluster.ready().get();
            CompletableFuture<JobReport> result = run(cluster, job);
            JobReport report = result.get();
            assertThat(report.completed()).isTrue();
            assertThat(report.incidents())
                    .singleElement()
                    .satisfies(incident -> {
                        assertThat(incident.cause())
                                .contains("step 9 failed", "ValueError: told to fail once");
                        assertThat(incident.sources())
                                .extracting(JobReport.Source::source)
                                .doesNotContain("init");
                    });
            assertThat(report.evidence())
                    .filteredOn(one -> one.incident() == 1)
                    .singleElement()
                    .satisfies(one -> {
                        assertThat(one.step()).isEqualTo(9);
                        assertThat(one.pieces().get("traceback.txt"))
                                .contains("Traceback (most recent call last)")
                                .contains("in misbehave")
                                .endsWith("ValueError: told to fail once\n");
                    });
        }
    }

    @Test
    void aProgramThatPrintsMegabytesASecondNeitherFillsTheDiskNorStops() throws Exception {
        // 256 kB in each step of 50 ms are five megabytes a second, on each of two ranks.
        JobFile job = job(160, 50, "{shout: 256000}");
        try (LocalCluster cluster = start(job)) {
            Coordinator coordinator = cluster.ready().get();
            CompletableFuture<JobReport> result = run(cluster, job);
            await(CoordinatorEvent.StepsCompleted.class, one -> one.step() >= 100);
            try (AdminClient admin = admin(coordinator)) {
                String log =
                        printed(out ->
                                assertThat(
                                                LogTail.print(
                                                        admin,
                                                        LookRequest.newBuilder().setRank(1),
                                                        50,
                                                        false,
                                                        out,
                                                        out))
                                        .isTrue());
                assertThat(log.lines()).hasSize(50);
                assertThat(log).contains("bytes to go");
                String none =
                        printed(out ->
                                assertThat(
                                                LogTail.print(
                                                        admin,
                                                        LookRequest.newBuilder()
                                                                .setAgentId("agent-9"),
                                                        50,
                                                        true,
                                                        out,
                                                        out))
                                        .isFalse());
                assertThat(none).contains("there is no agent agent-9");
            }
            JobReport report = result.get();
            assertThat(report.completed()).isTrue();
            assertThat(report.incidents()).isEmpty();
        }
        for (int agent = 0; agent < 2; agent++) {
            Path logs = folder.resolve("run/agent-" + agent + "-workers");
            long bytes = 0;
            try (var files = Files.list(logs)) {
                for (Path file : files.toList()) {
                    bytes += Files.size(file);
                }
            }
            assertThat(bytes).isBetween(4L << 20, 33L << 20);
            assertThat(Files.readString(logs.resolve("worker-1.log")))
                    .contains("bytes dropped: the worker printed more than 1.0 MiB a second");
        }
    }

    private static Map<String, String> unzip(Path file) throws IOException {
        var files = new HashMap<String, String>();
        try (var zip = new ZipInputStream(Files.newInputStream(file))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                files.put(entry.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return files;
    }
}
