package io.coxswain.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.ReplicaAgent;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.local.EmbeddedZooKeeper;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.WorkerSettings;
import io.coxswain.launcher.logs.Logs;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Runs {@code examples/embedding} as its page says, with an agent that it may use. */
class EmbeddingExampleIT {
    private static final Path EXAMPLES = Path.of("..", "examples").toAbsolutePath().normalize();

    @TempDir private Path folder = Path.of("");

    @BeforeAll
    static void logNothing() {
        Logs.silent();
    }

    @Test
    void runsAJob() throws Exception {
        try (EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(folder.resolve("zk"), 1_000);
                ReplicaAgent agent = agent(zookeeper)) {
            agent.start();
            var program =
                    new ProcessBuilder(
                            JavaProcess.javaHome().resolve("bin").resolve("java").toString(),
                            "-cp",
                            JavaProcess.classPath(),
                            EXAMPLES.resolve("embedding/Embedding.java").toString(),
                            zookeeper.connectString(),
                            EXAMPLES.resolve("digits/digits.bin").toString());
            program.redirectError(folder.resolve("err.txt").toFile());
            Process running = program.start();
            List<String> said = lines(running);

            assertThat(running.waitFor())
                    .as(() -> "status of the program, which complained: " + complaint())
                    .isZero();
            assertThat(said).anySatisfy(line -> assertThat(line).startsWith("step 20, loss "));
            String json =
                    said.stream()
                            .dropWhile(line -> !line.equals("{"))
                            .takeWhile(line -> !line.startsWith("step "))
                            .collect(Collectors.joining("\n"));
            JobReport report = JobReport.fromJson(json);
            assertThat(report.completed()).isTrue();
            assertThat(report.steps()).isEqualTo(20);
        }
    }

    private ReplicaAgent agent(EmbeddedZooKeeper zookeeper) throws IOException {
        Path arenas = Files.createDirectories(folder.resolve("shm"));
        return ReplicaAgent.builder()
                .id("agent-0")
                .zookeeper(zookeeper.connectString() + "/coxswain")
                .arenaRoot(arenas)
                .arenaBudgetBytes(64 << 20)
                .logFolder(folder.resolve("logs"))
                .workerCommands(kind -> JavaProcess.worker(kind, WorkerSettings.usual()))
                .build();
    }

    private static List<String> lines(Process process) throws IOException {
        var lines = new ArrayList<String>();
        try (var reader =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = reader.readLine()) != null) {
                lines.add(line);
            }
        }
        return lines;
    }

    private String complaint() {
        try {
            return Files.readString(folder.resolve("err.txt"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
