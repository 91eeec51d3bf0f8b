package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.launcher.Main;
import io.coxswain.launcher.local.JavaProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The chaos command that is asked to end while its cluster is only starting. */
class StartingIT {
    private static final long LIMIT_SECONDS = 60;

    @TempDir private Path folder = Path.of("");

    @TempDir private Path arenas = Path.of("");

    @Test
    void nothingOfAClusterThatWasStartingStays() throws Exception {
        var command = new ArrayList<>(Training.java());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        JavaProcess.classPath(),
                        Main.class.getName(),
                        "chaos",
                        "host-dies",
                        "--run-dir",
                        folder.resolve("run").toString(),
                        "--arena-dir",
                        arenas.toString()));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("out").toFile())
                        .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        // There is no event of another process' children but the end of that process.
        while (process.children().count() < 2) {
            assertThat(process.waitFor(5, TimeUnit.MILLISECONDS))
                    .as(Files.readString(folder.resolve("out")))
                    .isFalse();
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
        List<ProcessHandle> family = process.descendants().toList();

        process.destroy();

        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(folder.resolve("out"))).isEqualTo(143);
        for (ProcessHandle member : family) {
            assertThat(member.onExit()).succeedsWithin(java.time.Duration.ofSeconds(20));
        }
        try (var files = Files.list(arenas)) {
            assertThat(files).as("shared memory").isEmpty();
        }
        assertThat(folder.resolve("run/host-dies/zookeeper")).doesNotExist();
    }
}
