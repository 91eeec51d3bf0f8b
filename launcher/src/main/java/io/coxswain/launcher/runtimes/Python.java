package io.coxswain.launcher.runtimes;

import io.coxswain.launcher.EnvironmentException;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Python of this machine, for what needs one: pip, and exporting bundles.
 *
 * @param command what starts it
 * @param version such as {@code 3.11.7}
 */
public record Python(String command, String version) {
    /** Environment variable with the program to use; nothing else is tried then. */
    public static final String VARIABLE = "COXSWAIN_PYTHON";

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** The first that answers, if any. */
    public static Optional<Python> find(Map<String, String> environment)
            throws InterruptedException {
        for (String candidate : candidates(environment)) {
            ChildProcess.Ended ended =
                    ChildProcess.run(
                            List.of(
                                    candidate,
                                    "-c",
                                    "import platform; print(platform.python_version())"),
                            _ -> {},
                            LIMIT);
            if (ended.well()) {
                return Optional.of(new Python(candidate, ended.output().strip()));
            }
        }
        return Optional.empty();
    }

    /** Finds it, or says what to do. */
    static Python require(String why, Map<String, String> environment)
            throws EnvironmentException, InterruptedException {
        Optional<Python> found = find(environment);
        if (found.isPresent()) {
            return found.get();
        }
        throw new EnvironmentException(
                "%s needs Python, and %s: install Python 3, or name it with %s"
                        .formatted(why, tried(environment), VARIABLE));
    }

    static String tried(Map<String, String> environment) {
        List<String> candidates = candidates(environment);
        return candidates.size() == 1
                ? "%s=%s does not start".formatted(VARIABLE, candidates.getFirst())
                : "neither " + String.join(" nor ", candidates) + " is on the PATH";
    }

    static List<String> candidates(Map<String, String> environment) {
        String named = environment.getOrDefault(VARIABLE, "");
        return named.isEmpty() ? List.of("python3", "python") : List.of(named);
    }
}
