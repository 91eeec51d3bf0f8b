package io.coxswain.chaos.planning;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

/** Options: the policy that restarts everything from checkpoints on disk. */
final class DiskAsked {
    @Option(
            names = "--checkpoint-interval",
            paramLabel = "TIME",
            defaultValue = "auto",
            description =
                    "Work between checkpoints; auto: Young's; none. Default: ${DEFAULT-VALUE}.")
    String interval = "auto";

    @Option(
            names = "--checkpoint-stall",
            paramLabel = "TIME",
            converter = Converters.Time.class,
            description = "Steps stop for that long. Default: the state at --disk-bandwidth.")
    @Nullable Long stallNanos;

    @Option(
            names = "--disk-bandwidth",
            paramLabel = "RATE",
            defaultValue = "2GB/s",
            converter = Converters.Rate.class,
            description = "Of one agent to and from durable storage. Default: ${DEFAULT-VALUE}.")
    double diskRate;

    @Option(
            names = "--restart",
            paramLabel = "TIME",
            defaultValue = "5min",
            converter = Converters.Time.class,
            description =
                    "From detection to the first step, without reading the state: scheduling,"
                            + " processes, program, collectives. Default: ${DEFAULT-VALUE}.")
    long restartNanos;
}
