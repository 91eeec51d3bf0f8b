package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

class ProcessStatusTest {
    @TempDir private Path proc = Path.of("");
    private ProcessStatus status = new ProcessStatus(Path.of(""));

    @BeforeEach
    void make() throws IOException {
        status = new ProcessStatus(proc);
        Path process = Files.createDirectories(proc.resolve("7"));
        Files.writeString(process.resolve("comm"), "python3\n");
        Files.writeString(process.resolve("environ"), "SECRET=42\0");
        Files.writeString(process.resolve("cmdline"), "python3\0--token=42\0");
        Files.writeString(
                process.resolve("status"),
                "Name:\tpython3\nState:\tS (sleeping)\nSigCgt:\t0000010000000402\n");
        for (int thread : new int[] {7, 8}) {
            Path folder = Files.createDirectories(process.resolve("task/" + thread));
            Files.writeString(folder.resolve("comm"), "t" + thread + "\n");
            Files.writeString(folder.resolve("status"), "State:\tS (sleeping)\n");
            Files.writeString(folder.resolve("wchan"), thread == 7 ? "0" : "futex_wait_queue");
        }
    }

    @Test
    void tellsNameStateAndSignals() {
        assertThat(status.name(7)).isEqualTo("python3");
        assertThat(status.isStopped(7)).isFalse();
        assertThat(status.catches(7, 2)).isTrue();
        assertThat(status.catches(7, 3)).isFalse();
        assertThat(status.catches(7, 11)).isTrue();
        assertThat(status.catches(7, 41)).isTrue();
        assertThat(status.catches(7, 0)).isFalse();
        assertThat(status.catches(7, 65)).isFalse();
    }

    @Test
    void oneThatIsTakenDownIsKnown() throws IOException {
        Path stat = proc.resolve("7/stat");
        assertThat(status.isEnding(7)).isFalse();
        Files.writeString(stat, "7 (a) b) S 1 7 7 0 -1 4194304 100\n");
        assertThat(status.isEnding(7)).isFalse();
        Files.writeString(stat, "7 (a) b) R 1 7 7 0 -1 4194308 100\n");
        assertThat(status.isEnding(7)).isTrue();
        Files.writeString(stat, "7 (a");
        assertThat(status.isEnding(7)).isFalse();
    }

    @Test
    void aStoppedOneIsKnown() throws IOException {
        Files.writeString(proc.resolve("7/status"), "State:\tT (stopped)\n");
        assertThat(status.isStopped(7)).isTrue();
        assertThat(status.catches(7, 2)).as("nothing is known of its signals").isFalse();
    }

    @Test
    void describesThreadsAndNoSecrets() throws IOException {
        var notes = new ArrayList<String>();
        Files.writeString(proc.resolve("7/task/8/stack"), "[<0>] futex_wait\n[<0>] syscall\n");
        String text = status.describe(7, notes);
        assertThat(text)
                .isEqualTo(
                        """
                        process 7 python3, state S (sleeping), 2 threads
                          thread 7 t7: S (sleeping)
                          thread 8 t8: S (sleeping), in futex_wait_queue
                            [<0>] futex_wait
                            [<0>] syscall
                        """);
        assertThat(notes).isEmpty();
        assertThat(text).doesNotContain("42");
    }

    @Test
    void ofAProcessThatIsGoneNothingIsKnown() {
        var notes = new ArrayList<String>();
        assertThat(status.name(8)).isEmpty();
        assertThat(status.isStopped(8)).isFalse();
        assertThat(status.catches(8, 2)).isFalse();
        assertThat(status.describe(8, notes)).contains("process 8").contains("0 threads");
    }
}
