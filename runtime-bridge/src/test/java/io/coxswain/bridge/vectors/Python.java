package io.coxswain.bridge.vectors;

import static org.assertj.core.api.Assumptions.assumeThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;

/** The machine's Python, if it has one. */
public final class Python {
    private static final String PROGRAM =
            "import sys; print(sys.executable if sys.version_info >= (3, 10) else '')";

    private Python() {}

    /**
     * The interpreter itself, since what stands in the path may be a script that needs an
     * environment. A test that asks for it is skipped where there is none.
     */
    public static Path require() throws InterruptedException {
        String found = "";
        try {
            Process process = new ProcessBuilder("python3", "-c", PROGRAM).start();
            found = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            process.waitFor();
        } catch (IOException e) {
            // As good as none.
        }
        assumeThat(found).as("Python 3.10 or newer, as python3 in the path").isNotEmpty();
        return Path.of(found);
    }
}
