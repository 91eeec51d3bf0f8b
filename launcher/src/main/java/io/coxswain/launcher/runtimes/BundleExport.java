package io.coxswain.launcher.runtimes;

import io.coxswain.launcher.EnvironmentException;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code coxswain bundle}: the Python program that exports, with this process's terminal. */
public final class BundleExport {
    private static final Path PACKAGES = Path.of("runtime-bridge", "python");
    private static final Duration LOOK_LIMIT = Duration.ofSeconds(20);

    private BundleExport() {}

    /**
     * Runs it and returns its exit code.
     *
     * @param home of Coxswain, where the package is
     * @param environment says where Python is
     */
    public static int run(Path home, Map<String, String> environment, List<String> arguments)
            throws EnvironmentException, InterruptedException {
        Path packages = home.resolve(PACKAGES);
        if (!Files.isDirectory(packages.resolve("coxswain").resolve("bundle"))) {
            throw new EnvironmentException(
                    "the Python package is not in "
                            + packages
                            + ": run ./coxswain in its checkout");
        }
        Python python = Python.require("bundle", environment);
        requireJax(python);
        var command = new ArrayList<>(List.of(python.command(), "-m", "coxswain.bundle"));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command).inheritIO();
        builder.environment()
                .merge(
                        "PYTHONPATH",
                        packages.toString(),
                        (old, own) -> own + File.pathSeparator + old);
        try {
            // Ctrl-C reaches it too, and it ends in its own way.
            return builder.start().waitFor();
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot start " + python.command() + ": " + e.getMessage(), e);
        }
    }

    private static void requireJax(Python python)
            throws EnvironmentException, InterruptedException {
        String look =
                "import importlib.util, sys; sys.exit(3 if importlib.util.find_spec('jax') is None"
                        + " else 0)";
        ChildProcess.Ended ended =
                ChildProcess.run(List.of(python.command(), "-c", look), _ -> {}, LOOK_LIMIT);
        if (!ended.well()) {
            throw new EnvironmentException(
                    "bundle needs JAX, and "
                            + python.command()
                            + " (Python "
                            + python.version()
                            + ") has none: "
                            + python.command()
                            + " -m pip install jax numpy, or name a Python that has it with "
                            + Python.VARIABLE);
        }
    }
}
