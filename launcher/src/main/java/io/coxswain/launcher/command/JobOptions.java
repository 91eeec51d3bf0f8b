package io.coxswain.launcher.command;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.LinkedHashMap;
import java.util.Map;

/** Overrides of a job file. */
@Command
public final class JobOptions {
    @Option(names = "--steps", paramLabel = "N", description = "Overrides the job's steps.")
    private @Nullable String steps;

    @Option(names = "--seed", paramLabel = "N", description = "Overrides the job's seed.")
    private @Nullable String seed;

    @Option(
            names = "--set",
            paramLabel = "FIELD=VALUE",
            description =
                    "Overrides any field of the job file, such as mesh.replicas=1. Repeatable.")
    private Map<String, String> sets = new LinkedHashMap<>();

    Map<String, String> overrides() {
        var overrides = new LinkedHashMap<>(sets);
        if (steps != null) {
            overrides.put("steps", steps);
        }
        if (seed != null) {
            overrides.put("seed", seed);
        }
        return overrides;
    }
}
