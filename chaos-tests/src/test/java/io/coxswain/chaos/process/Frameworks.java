package io.coxswain.chaos.process;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The digits as scripts in JAX and in PyTorch, where {@code COXSWAIN_PYTHON}, or {@code python3},
 * has them.
 */
final class Frameworks {
    /** The interpreter. */
    static final String PYTHON = System.getenv().getOrDefault("COXSWAIN_PYTHON", "python3");

    private static final long IMPORT_LIMIT_SECONDS = 60;

    private Frameworks() {}

    /** A job file of the framework's example, with fewer steps. */
    static Training digits(String framework, String name, int steps) throws IOException {
        Path file = Training.home().resolve("examples/digits-" + framework).resolve(name);
        return Training.of(file)
                .set("steps", steps)
                .set("runtime.command", "[" + PYTHON + ", train.py]");
    }

    /** Skips the test, and says so, where the framework is not installed. */
    static void require(String framework) throws InterruptedException {
        String install = PYTHON + " -m pip install " + framework + " numpy";
        Process process;
        try {
            process =
                    new ProcessBuilder(PYTHON, "-c", "import numpy, " + framework)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
        } catch (IOException e) {
            assumeTrue(false, "there is no " + PYTHON + ": name one with COXSWAIN_PYTHON");
            return;
        }
        boolean ended = process.waitFor(IMPORT_LIMIT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assumeTrue(
                ended && process.exitValue() == 0,
                PYTHON + " cannot import " + framework + "; install it with: " + install);
    }
}
