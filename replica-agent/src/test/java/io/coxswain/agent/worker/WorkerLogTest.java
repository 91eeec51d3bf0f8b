package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

class WorkerLogTest {
    private static final long SECOND = 1_000_000_000L;
    private static final OutputLimits SMALL = new OutputLimits(64 << 10, 8 << 10, 32 << 10);

    @TempDir private Path folder = Path.of("");
    private long now = 5 * SECOND;

    private WorkerLog log(OutputLimits limits) {
        return new WorkerLog(folder.resolve("worker-1.log"), limits, () -> now);
    }

    private static void print(WorkerLog log, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.write(bytes, bytes.length);
    }

    private String file(String name) throws IOException {
        return Files.readString(folder.resolve(name));
    }

    @Test
    void whatIsPrintedSlowlyIsKeptAsItIs() throws IOException {
        try (WorkerLog log = log(SMALL)) {
            print(log, "one\ntw");
            print(log, "o\nthree");
            assertThat(file("worker-1.log")).isEqualTo("one\ntwo\nthree");
            assertThat(new String(log.tail(8), StandardCharsets.UTF_8)).isEqualTo("wo\nthree");
            assertThat(log.written()).isEqualTo(13);
            assertThat(new String(log.read(4, 3), StandardCharsets.UTF_8)).isEqualTo("two");
        }
        assertThat(file("worker-1.log")).isEqualTo("one\ntwo\nthree");
    }

    @Test
    void whatComesTooFastIsDroppedByLinesAndCounted() throws IOException {
        String line = "0123456789abcde\n";
        try (WorkerLog log = log(SMALL)) {
            for (int i = 0; i < 64; i++) {
                print(log, line.repeat(64));
            }
            assertThat(file("worker-1.log")).as("at once").isEqualTo(line.repeat(2048));
            now += SECOND;
            print(log, line.repeat(10));
            assertThat(file("worker-1.log").substring(32 << 10))
                    .isEqualTo(
                            "… %d bytes dropped: the worker printed more than 8 KiB a second\n"
                                            .formatted((32 << 10) + 16)
                                    + line.repeat(9));
        }
    }

    @Test
    void theVeryEndIsKeptWhateverCameBefore() throws IOException {
        try (WorkerLog log = log(SMALL)) {
            print(log, "begin\n");
            for (int i = 0; i < 10_000; i++) {
                print(log, "noise noise noise noise " + i + "\n");
            }
            print(log, "Traceback (most recent call last):\nValueError: here\n");
            assertThat(new String(log.tail(100), StandardCharsets.UTF_8))
                    .endsWith("ValueError: here\n");
        }
        String kept = file("worker-1.log");
        assertThat(kept)
                .startsWith("begin\n")
                .contains("bytes dropped")
                .endsWith("ValueError: here\n");
        assertThat(kept.length()).isLessThan(64 << 10);
    }

    @Test
    void twoFilesAreKeptAndReadAsOne() throws IOException {
        var limits = new OutputLimits(64 << 10, 1 << 20, 8 << 20);
        try (WorkerLog log = log(limits)) {
            for (int i = 0; i < 20_000; i++) {
                print(log, "line %06d\n".formatted(i));
            }
            assertThat(Files.size(folder.resolve("worker-1.log"))).isLessThanOrEqualTo(64 << 10);
            assertThat(Files.size(folder.resolve("worker-1.log.1"))).isLessThanOrEqualTo(64 << 10);
            assertThat(log.written()).isEqualTo(240_000);
            assertThat(log.oldest()).isGreaterThan(240_000 - 2 * (64 << 10)).isLessThan(240_000);
            String read = new String(log.read(0, 1 << 20), StandardCharsets.UTF_8);
            assertThat(read).hasSize((int) (240_000 - log.oldest())).endsWith("line 019999\n");
            assertThat(read.lines().toList()).allMatch(line -> line.matches("line \\d{6}"));
        }
        try (var all = Files.list(folder)) {
            assertThat(all).hasSize(2);
        }
    }

    @Test
    void aLineWithoutAnEndIsKeptInPieces() throws IOException {
        try (WorkerLog log = log(SMALL)) {
            for (int i = 0; i < 10; i++) {
                print(log, "x".repeat(16 << 10));
            }
            now += 10 * SECOND;
            print(log, "y".repeat(16 << 10));
            assertThat(file("worker-1.log")).startsWith("x".repeat(32 << 10)).endsWith("yyy");
        }
    }

    @Test
    void aDiskThatTakesNothingStopsNobody() throws IOException {
        var log = new WorkerLog(folder.resolve("none/worker-1.log"), SMALL, () -> now);
        print(log, "one\n");
        print(log, "two\n");
        assertThat(new String(log.tail(100), StandardCharsets.UTF_8)).isEqualTo("one\ntwo\n");
        Files.createDirectories(folder.resolve("none"));
        now += SECOND;
        print(log, "three\nfour\n");
        assertThat(file("none/worker-1.log"))
                .isEqualTo("… 14 bytes dropped: the disk did not take them\nfour\n");
        log.delete();
        assertThat(folder.resolve("none/worker-1.log")).doesNotExist();
    }

    /** Whatever is printed, in whatever pieces, at whatever times: the bounds hold. */
    @Test
    void boundsHoldForAnyOutput() throws IOException {
        for (int seed = 0; seed < 30; seed++) {
            var random = new Random(seed);
            long begin = now;
            long printed = 0;
            WorkerLog log = log(SMALL);
            for (int i = 0; i < 300; i++) {
                byte[] bytes = new byte[1 + random.nextInt(4_000)];
                for (int j = 0; j < bytes.length; j++) {
                    bytes[j] = random.nextInt(60) == 0 ? (byte) '\n' : (byte) 'a';
                }
                log.write(bytes, bytes.length);
                printed += bytes.length;
                now += (long) (random.nextDouble() * SECOND / 4);
            }
            assertThat(log.printed()).isEqualTo(printed);
            long allowed = SMALL.burstBytes() + (now - begin) / 1000 * 8 / 976;
            assertThat(log.written()).as("seed %s", seed).isLessThan(allowed + (64 << 10));
            log.close();
            assertThat(Files.size(folder.resolve("worker-1.log")))
                    .isLessThanOrEqualTo((64 << 10) + (17 << 10));
            log.delete();
        }
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new OutputLimits(100, 8 << 10, 32 << 10))
                .hasMessageContaining("room for at least 65536 bytes, got 100");
        assertThatThrownBy(() -> new OutputLimits(1 << 20, 1, 32 << 10))
                .hasMessageContaining("at least 4096 bytes a second");
        assertThatThrownBy(() -> new OutputLimits(1 << 20, 1 << 20, 32 << 10))
                .hasMessageContaining("(1048576 bytes), got 32768");
    }
}
