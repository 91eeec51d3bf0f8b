package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class LogShelfTest {
    private static final int ALL = 1 << 20;

    @TempDir private Path folder = Path.of("");
    private LogShelf shelf = new LogShelf(Path.of(""), OutputLimits.DEFAULT, () -> 0);

    @BeforeEach
    void make() {
        shelf = new LogShelf(folder, OutputLimits.DEFAULT, () -> 0);
    }

    private static void print(WorkerLog log, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.write(bytes, bytes.length);
    }

    private static String text(LogPart part) {
        return new String(part.bytes(), StandardCharsets.UTF_8);
    }

    @Test
    void theLastLinesReachBackToWorkersBefore() throws IOException {
        assertThat(text(shelf.lastLines(10, ALL))).isEmpty();
        WorkerLog first = shelf.open(1);
        print(first, "a\nb\nc\n");
        first.close();
        WorkerLog second = shelf.open(2);
        assertThat(text(shelf.lastLines(2, ALL))).as("it has not printed").isEqualTo("b\nc\n");
        print(second, "d\ne\n");
        assertThat(text(shelf.lastLines(1, ALL))).isEqualTo("e\n");
        assertThat(text(shelf.lastLines(2, ALL))).isEqualTo("d\ne\n");
        assertThat(text(shelf.lastLines(100, ALL))).isEqualTo("a\nb\nc\n==> worker 2 <==\nd\ne\n");
        assertThat(text(shelf.lastLines(100, 3))).as("bounded").isEqualTo("\ne\n");
        LogPart part = shelf.lastLines(1, ALL);
        assertThat(part.worker()).isEqualTo(2);
        assertThat(part.offset()).isEqualTo(4);
    }

    @Test
    void whoFollowsGetsEachByteOnceAlsoOfTheNextWorker() throws IOException {
        WorkerLog first = shelf.open(1);
        print(first, "a\n");
        LogPart part = shelf.lastLines(10, ALL);
        assertThat(text(part)).isEqualTo("a\n");
        print(first, "b\n");
        part = shelf.after(part.worker(), part.offset(), ALL);
        assertThat(text(part)).isEqualTo("b\n");
        part = shelf.after(part.worker(), part.offset(), ALL);
        assertThat(text(part)).isEmpty();
        print(first, "c\n");
        first.close();
        print(shelf.open(2), "d\n");
        part = shelf.after(part.worker(), part.offset(), ALL);
        assertThat(text(part)).isEqualTo("c\n==> worker 2 <==\nd\n");
        assertThat(shelf.after(part.worker(), part.offset(), ALL).bytes()).isEmpty();
    }

    @Test
    void ofManyDeadWorkersTheNewestFewAreKept() throws IOException {
        for (int worker = 1; worker <= LogShelf.KEPT + 5; worker++) {
            WorkerLog log = shelf.open(worker);
            print(log, "worker " + worker + "\n");
            Files.writeString(shelf.evidence(worker), "x");
            log.close();
        }
        try (var all = Files.list(folder)) {
            assertThat(all).hasSize(2 * LogShelf.KEPT);
        }
        LogPart part = shelf.after(1, 0, ALL);
        assertThat(text(part)).startsWith("worker 6\n").endsWith("worker 25\n");
        assertThat(shelf.after(99, 0, ALL).bytes()).isEmpty();
    }
}
