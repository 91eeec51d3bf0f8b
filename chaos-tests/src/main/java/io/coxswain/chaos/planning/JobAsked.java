package io.coxswain.chaos.planning;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

/** Options: the job and the machines it runs on. */
final class JobAsked {
    @Option(
            names = "--agents",
            paramLabel = "N",
            defaultValue = "16384",
            description = "Ranks, one agent each. Default: ${DEFAULT-VALUE}.")
    int agents;

    @Option(
            names = "--spares",
            paramLabel = "N",
            defaultValue = "64",
            description = "Machines beyond the ranks. Default: ${DEFAULT-VALUE}.")
    int spares;

    @Option(
            names = "--days",
            paramLabel = "DAYS",
            defaultValue = "54",
            description = "Length of the run. Default: ${DEFAULT-VALUE}.")
    double days;

    @Option(
            names = "--step",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = Converters.Time.class,
            description = "One step, without any loss. Default: ${DEFAULT-VALUE}.")
    long stepNanos;

    @Option(
            names = "--state",
            paramLabel = "SIZE",
            defaultValue = "60GB",
            converter = Converters.Size.class,
            description = "State of one rank. Default: ${DEFAULT-VALUE}.")
    long stateBytes;

    @Option(
            names = "--replicas",
            paramLabel = "R",
            defaultValue = "1",
            description =
                    "Ranks that hold the same state; 1: every rank's is its own. Default:"
                            + " ${DEFAULT-VALUE}.")
    int replicas;

    @Option(
            names = "--copies",
            paramLabel = "K",
            defaultValue = "1",
            description = "As protect.copies of a job. Default: ${DEFAULT-VALUE}.")
    int copies;

    @Option(
            names = "--protect-level",
            paramLabel = "LEVEL",
            defaultValue = "rack",
            description =
                    "Copies lie in different ones of these: agent, rack, switch, power. Default:"
                            + " ${DEFAULT-VALUE}.")
    String level = "rack";

    @Option(
            names = "--interval",
            paramLabel = "STEPS",
            defaultValue = "auto",
            description =
                    "Steps between snapshots, or auto: Young's, never shorter than a copy takes."
                            + " Default: ${DEFAULT-VALUE}.")
    String interval = "auto";

    @Option(
            names = "--snapshot-stall",
            paramLabel = "TIME",
            defaultValue = "200ms",
            converter = Converters.Time.class,
            description = "Steps stop for that long at a snapshot. Default: ${DEFAULT-VALUE}.")
    long stallNanos;

    @Option(
            names = "--copy-bandwidth",
            paramLabel = "RATE",
            defaultValue = "5GB/s",
            converter = Converters.Rate.class,
            description = "What an agent streams copies at. Default: ${DEFAULT-VALUE}.")
    double copyRate;

    @Option(
            names = "--restore-bandwidth",
            paramLabel = "RATE",
            defaultValue = "10GB/s",
            converter = Converters.Rate.class,
            description = "What a donor sends at in a recovery. Default: ${DEFAULT-VALUE}.")
    double restoreRate;

    @Option(
            names = "--memory-bandwidth",
            paramLabel = "RATE",
            defaultValue = "20GB/s",
            converter = Converters.Rate.class,
            description = "What a rank loads at from its own arena. Default: ${DEFAULT-VALUE}.")
    double memoryRate;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Converters.Size.class,
            description = "Shared memory of an agent. Default: room for one copy more than asked.")
    @Nullable Long memoryBytes;

    @Option(
            names = "--durable",
            paramLabel = "TIME",
            defaultValue = "3h",
            converter = Converters.TimeOrNone.class,
            description =
                    "Between exports to durable storage, from which a job begins again that lost"
                            + " a shard for good; none: from the start. Default: ${DEFAULT-VALUE}.")
    long durableNanos;

    @Option(
            names = "--agents-per-rack",
            paramLabel = "N",
            defaultValue = "16",
            description = "Default: ${DEFAULT-VALUE}.")
    int perRack;

    @Option(
            names = "--racks-per-switch",
            paramLabel = "N",
            defaultValue = "8",
            description = "Default: ${DEFAULT-VALUE}.")
    int racksPerSwitch;

    @Option(
            names = "--switches-per-power",
            paramLabel = "N",
            defaultValue = "4",
            description = "Switches in a power domain. Default: ${DEFAULT-VALUE}.")
    int switchesPerPower;
}
