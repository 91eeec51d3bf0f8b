package io.coxswain.bridge.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tests of the Python package, a module at a time. What needs a package that this machine has
 * not is skipped there: the output says which, and a module of which nothing could run is skipped
 * here too.
 */
@Execution(ExecutionMode.CONCURRENT)
class PythonTestsIT {
    private static final long LIMIT_SECONDS = 240;
    private static final Path PACKAGE = ProjectFiles.file("runtime-bridge", "python");
    private static final Pattern SKIPPED =
            Pattern.compile("(?m)^(\\w+) \\(.*\\) \\.\\.\\. skipped (.*)$");
    private static final Pattern SUMMARY =
            Pattern.compile("(?m)^Ran (\\d+) tests? in .*\\R+OK(?: \\(skipped=(\\d+)\\))?$");

    static List<String> modules() throws IOException {
        try (var files = Files.list(PACKAGE.resolve("tests"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("test_") && name.endsWith(".py"))
                    .map(name -> "tests." + name.substring(0, name.length() - ".py".length()))
                    .sorted()
                    .toList();
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theTestsOfPythonPass(String module) throws IOException, InterruptedException {
        var builder =
                new ProcessBuilder(
                                Python.require().toString(),
                                "-B",
                                "-X",
                                "dev",
                                "-m",
                                "unittest",
                                "-v",
                                module)
                        .directory(PACKAGE.toFile())
                        .redirectErrorStream(true);
        Process process = builder.start();
        String said;
        // A read of its output cannot be interrupted: a module that hangs is ended, and so told.
        var limit = Executors.newSingleThreadScheduledExecutor();
        try {
            var unusedEnd = limit.schedule(() -> end(process), LIMIT_SECONDS, TimeUnit.SECONDS);
            process.getOutputStream().close();
            said = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
        } finally {
            limit.shutdownNow();
            end(process);
        }

        Matcher summary = SUMMARY.matcher(said);
        assertThat(summary.find()).as(said).isTrue();
        int ran = Integer.parseInt(summary.group(1));
        int skipped = summary.group(2) == null ? 0 : Integer.parseInt(summary.group(2));
        for (MatchResult one : SKIPPED.matcher(said).results().toList()) {
            System.out.printf("%s.%s: skipped %s%n", module, one.group(1), one.group(2));
        }
        assumeThat(skipped).as("%d tests, all of them skipped", ran).isLessThan(Math.max(1, ran));
    }
}
