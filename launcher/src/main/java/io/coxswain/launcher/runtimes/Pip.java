package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.plugins.KnownPlugin;
import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The package installer of Python, used to fetch one wheel by version and digest, and for nothing
 * else: no dependency is resolved and nothing of the wheel is run.
 *
 * @param command what starts it
 */
public record Pip(List<String> command) {
    private static final Duration PROBE_LIMIT = Duration.ofSeconds(20);

    /** For a slow line; pip itself gives up on a connection that says nothing. */
    private static final Duration DOWNLOAD_LIMIT = Duration.ofHours(2);

    private static final int SHOWN_LINES = 6;

    public Pip {
        command = List.copyOf(command);
    }

    /** The first that answers, if any. */
    public static Optional<Pip> find(Map<String, String> environment) throws InterruptedException {
        for (List<String> candidate : candidates(environment)) {
            var probe = new ArrayList<>(candidate);
            probe.add("--version");
            if (ChildProcess.run(probe, _ -> {}, PROBE_LIMIT).well()) {
                return Optional.of(new Pip(candidate));
            }
        }
        return Optional.empty();
    }

    /** What is tried, in this order. */
    static List<List<String>> candidates(Map<String, String> environment) {
        var candidates = new ArrayList<List<String>>();
        for (String python : Python.candidates(environment)) {
            candidates.add(List.of(python, "-m", "pip"));
        }
        if (environment.getOrDefault(Python.VARIABLE, "").isEmpty()) {
            candidates.add(List.of("pip3"));
            candidates.add(List.of("pip"));
        }
        return candidates;
    }

    /**
     * Fetches the wheel of a plugin.
     *
     * @param folder empty; pip's temporary files go there too
     * @return the wheel's file in it
     * @throws EnvironmentException with the last words of pip if it fails
     */
    Path download(KnownPlugin plugin, Path folder)
            throws EnvironmentException, InterruptedException {
        Path requirements = folder.resolve("requirements.txt");
        Path target = folder.resolve("wheel");
        try {
            Files.createDirectory(target);
            Files.writeString(
                    requirements,
                    "%s==%s --hash=sha256:%s%n"
                            .formatted(plugin.distribution(), plugin.version(), plugin.sha256()));
        } catch (IOException e) {
            throw new EnvironmentException("cannot write to " + folder + ": " + e, e);
        }
        var whole = new ArrayList<>(command);
        whole.addAll(
                List.of(
                        "download",
                        "--no-deps",
                        "--only-binary=:all:",
                        "--require-hashes",
                        "--no-input",
                        "--disable-pip-version-check",
                        "--progress-bar=off",
                        // Whatever Python runs pip: nothing of the wheel will run in it.
                        "--python-version=" + plugin.python(),
                        "--platform=" + plugin.platform(),
                        "--dest=" + target,
                        "--requirement=" + requirements));
        ChildProcess.Ended ended =
                ChildProcess.run(
                        whole,
                        variables -> variables.put("TMPDIR", folder.toString()),
                        DOWNLOAD_LIMIT);
        if (!ended.well()) {
            throw new EnvironmentException(
                    "pip could not fetch %s %s (%s):%n%s"
                            .formatted(
                                    plugin.distribution(),
                                    plugin.version(),
                                    ended.inTime()
                                            ? "status " + ended.status()
                                            : "not done within " + DOWNLOAD_LIMIT.toHours() + " h",
                                    end(ended.said())));
        }
        try (var files = Files.list(target)) {
            return files.filter(file -> file.toString().endsWith(".whl"))
                    .findFirst()
                    .orElseThrow(() ->
                            new EnvironmentException(
                                    "pip said that it fetched %s, but there is no wheel:%n%s"
                                            .formatted(plugin.distribution(), end(ended.said()))));
        } catch (IOException e) {
            throw new EnvironmentException("cannot look into " + target + ": " + e, e);
        }
    }

    private static String end(String said) {
        List<String> lines = said.lines().filter(line -> !line.isBlank()).toList();
        return "  "
                + String.join(
                        System.lineSeparator() + "  ",
                        lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    }
}
