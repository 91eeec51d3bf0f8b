package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What may end a process, in a process of its own: {@link DoomedProcess}. */
class PluginDeathIT {
    // As the shell counts: 128 and the number of SIGABRT.
    private static final int ABORTED = 134;

    @TempDir Path folder;

    private record End(int status, String output) {}

    private End run(String what, Path library) throws Exception {
        Path output = folder.resolve(what);
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + folder.resolve("report"),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DoomedProcess.class.getName(),
                        what,
                        library.toString());
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(what).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new End(process.exitValue(), Files.readString(output));
    }

    private End runMock(String what) throws Exception {
        return run(what, MockPlugin.compiled().library());
    }

    @Test
    void aPluginThatAbortsEndsItsProcessWithItsLastWords() throws Exception {
        for (String when : List.of("abort-compile", "abort-execute")) {
            End end = runMock(when);
            assertThat(end.status).as(end.output).isEqualTo(ABORTED);
            assertThat(end.output).contains("mock: Check failed: ").doesNotContain("survived");
        }
    }

    @Test
    void aProcessEndsWhileACompilationHangs() throws Exception {
        End end = runMock("hang-compile");
        assertThat(end.status).as(end.output).isZero();
        assertThat(end.output).contains("DEADLINE_EXCEEDED", "survived");
    }

    @Test
    void aProcessEndsWhileRunsAreUnderWay() throws Exception {
        End end = runMock("held");
        assertThat(end.status).as(end.output).isZero();
        assertThat(end.output).contains("survived");
    }

    @Test
    void compilersMayUseMuchStack() throws Exception {
        End end = runMock("deep-compile");
        assertThat(end.status).as(end.output).isZero();
        assertThat(end.output).contains("survived");
    }

    @Test
    void theRealPluginCompilesALongChain() throws Exception {
        // Each operation takes a part of the stack; 3,000 need more than the usual 1 MiB.
        End end = run("chain", CpuPlugin.required());
        assertThat(end.status).as(end.output).isZero();
        assertThat(end.output).contains("survived");
    }
}
