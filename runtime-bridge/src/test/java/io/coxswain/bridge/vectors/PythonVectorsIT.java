package io.coxswain.bridge.vectors;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** The codec in plain Python reads and writes the bytes that {@link VectorsTest} holds fast. */
class PythonVectorsIT {
    @Test
    void pythonAgreesOnEveryByte() throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                Python.require().toString(), "-m", "unittest", "tests.test_vectors")
                        .directory(ProjectFiles.file("runtime-bridge", "python").toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("OK");
    }
}
