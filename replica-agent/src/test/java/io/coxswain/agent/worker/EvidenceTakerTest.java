package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.proto.control.v1.EvidencePiece;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** With processes as they are. */
@EnabledOnOs(OS.LINUX)
class EvidenceTakerTest {
    @TempDir private Path folder = Path.of("");

    private EvidenceTaker taker(WorkerLog log) {
        return new EvidenceTaker(folder, log, new ProcessStatus(Path.of("/proc")));
    }

    private WorkerLog log() {
        return new WorkerLog(folder.resolve("log"), OutputLimits.DEFAULT, System::nanoTime);
    }

    private static String text(List<EvidencePiece> pieces, String kind) {
        return pieces.stream()
                .filter(piece -> piece.getKind().equals(kind))
                .map(piece -> piece.getContent().toString(StandardCharsets.UTF_8))
                .reduce("", String::concat);
    }

    @Test
    void aProcessThatWouldDieOfASignalGetsNone() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        try (WorkerLog log = log()) {
            Files.createFile(folder.resolve("stacks." + process.pid() + ".41"));
            List<EvidencePiece> pieces = taker(log).take(process.toHandle());
            assertThat(process.isAlive()).isTrue();
            assertThat(text(pieces, "native-stacks")).contains("process " + process.pid());
            assertThat(text(pieces, "note")).contains("does not catch signal 41");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void ofAStoppedProcessNothingIsAwaited() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        try (WorkerLog log = log()) {
            Process stop =
                    new ProcessBuilder("/bin/sh", "-c", "kill -STOP " + process.pid()).start();
            assertThat(stop.waitFor()).isZero();
            // A signal is sent before it has had its effect.
            Path status = Path.of("/proc", Long.toString(process.pid()), "stat");
            while (!Files.readString(status).contains(") T ")) {
                Thread.onSpinWait();
            }
            List<EvidencePiece> pieces = taker(log).take(process.toHandle());
            assertThat(text(pieces, "note")).contains("(sleep) is stopped");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aProcessThatWritesItsStacksDoesSoOnce() throws Exception {
        assumeTrue(hasPython(), "there is no python3 here");
        String script =
                """
                import faulthandler, os, sys, time
                file = open(sys.argv[1] + "/stacks." + str(os.getpid()) + ".41", "a")
                faulthandler.register(41, file=file, all_threads=True)
                def waits_for_ever():
                    print("ready", flush=True)
                    while True:
                        time.sleep(1000)
                waits_for_ever()
                """;
        Process process = new ProcessBuilder("python3", "-c", script, folder.toString()).start();
        try (WorkerLog log = log();
                BufferedReader said = process.inputReader()) {
            assertThat(said.readLine()).isEqualTo("ready");
            EvidenceTaker taker = taker(log);
            for (int i = 0; i < 2; i++) {
                String stacks = text(taker.take(process.toHandle()), "python-stacks");
                assertThat(stacks).contains("waits_for_ever").contains("most recent call first");
                assertThat(stacks.split("most recent call first", -1)).hasSize(2);
            }
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void flightRecordsOfThisWorkerAreTaken() throws IOException {
        Instant started = Instant.parse("2026-01-01T00:00:00Z");
        Path old = Files.writeString(folder.resolve("trace_0"), "old");
        Files.setLastModifiedTime(old, FileTime.from(started.minusSeconds(1)));
        Path fresh = Files.writeString(folder.resolve("trace_1"), "fresh");
        Files.setLastModifiedTime(fresh, FileTime.from(started.plusSeconds(1)));
        Files.writeString(folder.resolve("other"), "other");
        var environment =
                Map.of("TORCH_NCCL_DEBUG_INFO_TEMP_FILE", folder.resolve("trace_").toString());
        List<EvidencePiece> pieces = EvidenceTaker.flightRecorder(environment, started);
        assertThat(pieces).hasSize(1);
        assertThat(pieces.getFirst().getName()).isEqualTo("trace_1");
        assertThat(pieces.getFirst().getKind()).isEqualTo("nccl");
        assertThat(EvidenceTaker.flightRecorder(Map.of(), started)).isEmpty();
        assertThat(
                        EvidenceTaker.flightRecorder(
                                Map.of("TORCH_NCCL_DEBUG_INFO_TEMP_FILE", "/nowhere/at/all"),
                                started))
                .isEmpty();
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return new ProcessBuilder("python3", "-c", "").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
