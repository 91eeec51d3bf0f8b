package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** However a run ends, nothing of it stays: no process, no shared memory. */
class NothingLeftIT {
    private static final long LIMIT_SECONDS = 20;

    @TempDir Path arenas;

    @BeforeEach
    void onlyOurs() throws IOException {
        assertThat(files()).isEmpty();
    }

    @Test
    void launcherKilled() throws Exception {
        Training.Started run = endless().start();
        run.awaitLine(line -> line.contains("step "));
        List<ProcessHandle> family = run.process().descendants().toList();
        assertThat(family).as("agents and workers").hasSizeGreaterThanOrEqualTo(10);
        assertThat(files()).isNotEmpty();

        run.process().destroyForcibly();

        assertGone(family);
        assertThat(files()).isEmpty();
    }

    @Test
    void interrupted() throws Exception {
        Training.Started run = endless().start();
        run.awaitLine(line -> line.contains("step "));
        List<ProcessHandle> family = run.process().descendants().toList();

        assertThat(
                        new ProcessBuilder("kill", "-INT", Long.toString(run.process().pid()))
                                .start()
                                .waitFor())
                .isZero();

        assertThat(run.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertGone(family);
        assertThat(files()).isEmpty();
        assertThat(run.process().exitValue()).isEqualTo(130);
        assertThat(run.output()).contains("report.json");
        assertThat(run.outcome().report().path("completed").asBoolean(true)).isFalse();
    }

    @Test
    void completed() throws Exception {
        Training.Started run = Training.digits(10).with("--arena-dir", arenas.toString()).start();
        assertThat(run.process().waitFor(120, TimeUnit.SECONDS)).isTrue();
        run.outcome().completed();
        assertThat(files()).isEmpty();
    }

    private Training endless() throws IOException {
        return Training.digits(1_000_000).with("--arena-dir", arenas.toString());
    }

    private static void assertGone(List<ProcessHandle> family) {
        for (ProcessHandle member : family) {
            assertThat(member.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as("process %s (%s)", member.pid(), member.info().commandLine().orElse("gone"))
                    .succeedsWithin(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private Set<String> files() throws IOException {
        try (var files = Files.list(arenas)) {
            return files.map(Path::toString).collect(Collectors.toSet());
        }
    }
}
