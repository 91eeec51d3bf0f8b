package io.coxswain.chaos.planning;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Options: what fails, and what a failure costs. */
final class FailuresAsked {
    @Option(
            names = "--failures",
            paramLabel = "MODEL|FILE",
            defaultValue = "llama3",
            description =
                    "llama3, llama3+planned, none, a model of one's own (.yaml: rates and repair"
                            + " times per component, see examples/planning), or a CSV trace"
                            + " (at,component,scope,target,repair). Default: ${DEFAULT-VALUE}.")
    String failures = "llama3";

    @Option(
            names = "--failure-scale",
            paramLabel = "FACTOR",
            defaultValue = "1",
            description = "Multiplies all rates of a model. Default: ${DEFAULT-VALUE}.")
    double scale;

    @Option(
            names = "--rate",
            paramLabel = "COMPONENT=RATE",
            description =
                    "Failures per 1,000 targets and day of one component, in the place of the"
                            + " model's.")
    Map<String, Double> rates = new LinkedHashMap<>();

    @Option(
            names = "--repair",
            paramLabel = "COMPONENT=TIME",
            description = "Median repair time of one component.")
    Map<String, String> repairs = new LinkedHashMap<>();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "The same seed draws the same trace. Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(
            names = "--costs",
            paramLabel = "FILE",
            description =
                    "A report of `coxswain train --report`: the phases measured there in the"
                            + " place of assumed ones.")
    @Nullable Path costs;

    @Option(
            names = "--audit",
            paramLabel = "TIME",
            defaultValue = "10min",
            converter = Converters.Time.class,
            description =
                    "Age of the audited state to which silent corruption rolls back. Default:"
                            + " ${DEFAULT-VALUE}.")
    long auditNanos;
}
