package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The same seed tells the same story in another process: nothing follows from an identity hash, the
 * salt of {@code Set.of}, or when code was compiled. The hash covers what every message says.
 */
class SimOtherProcessTest {
    @Test
    void allIdentityHashesAreOne() throws Exception {
        tellsTheSame(
                List.of("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2"),
                List.of(2L, 3L, 6L, 12L, 25L));
    }

    @Test
    void identityHashesCountUpAndNothingIsCompiled() throws Exception {
        tellsTheSame(
                List.of("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=3", "-Xint"),
                List.of(3L, 6L));
    }

    private static void tellsTheSame(List<String> options, List<Long> seeds) throws Exception {
        var here = new ArrayList<String>();
        seeds.forEach(seed -> here.add(SeedHashes.line(seed)));
        assertThat(elsewhere(options, seeds)).isEqualTo(here);
    }

    private static List<String> elsewhere(List<String> options, List<Long> seeds)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
        command.add(SeedHashes.class.getName());
        seeds.forEach(seed -> command.add(seed.toString()));
        Process other =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try {
            String told = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(other.waitFor()).isZero();
            return told.lines().toList();
        } finally {
            other.destroyForcibly();
        }
    }
}
