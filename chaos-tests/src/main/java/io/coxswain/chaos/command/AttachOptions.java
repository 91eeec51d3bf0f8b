package io.coxswain.chaos.command;

import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Reference;
import io.coxswain.chaos.cluster.AbortWhen;
import io.coxswain.chaos.cluster.AttachedCluster;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.cluster.Credentials;
import io.coxswain.chaos.port.PortSettings;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.command.TlsOptions;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.ZooKeeperAccess;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Options of {@code coxswain chaos} for a cluster that is somebody's own. */
@Command
final class AttachOptions {
    private static final double MILLIS = 1_000;

    @Option(
            names = "--attach",
            paramLabel = "HOST:PORT",
            description =
                    "Plays on the running cluster of that coordinator instead of starting one;"
                            + " zookeeper://HOST:PORT,…/PATH finds the leader. Its"
                            + " job must carry the label 'chaos: allowed'.")
    private @Nullable String endpoint;

    @Option(
            names = "--zookeeper-auth-file",
            paramLabel = "FILE",
            description =
                    "With --attach zookeeper://…: who this command is to ZooKeeper, a line"
                            + " client:PASSWORD.")
    private @Nullable Path zookeeperUsers;

    @Option(
            names = "--job",
            paramLabel = "ID",
            description = "With --attach: the job whose agents may be hurt. Default: what runs.")
    private String job = "";

    @Option(
            names = "--port",
            paramLabel = "NAME|FILE",
            description =
                    "With --attach: how faults reach agents: local, ssh, kubectl, or a port's file"
                            + " (.yaml).")
    private String port = "";

    @Option(
            names = "--start",
            paramLabel = "COMMAND",
            description =
                    "With --attach: a shell line of this machine that starts a dead agent again,"
                            + " with {agent}, {host}, {address}; 'none': somebody else does.")
    private @Nullable String start;

    @Option(
            names = "--max-victims",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "With --attach: agents that a scenario hurts at most. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int maxVictims = 1;

    @Option(
            names = "--abort-no-step",
            paramLabel = "S",
            defaultValue = "60",
            description =
                    "With --attach: breaks off and heals when no step was completed for so many"
                            + " seconds. Default: ${DEFAULT-VALUE}.")
    private double abortNoStep = 60;

    @Option(
            names = "--abort-goodput",
            paramLabel = "X",
            defaultValue = "0",
            description =
                    "With --attach: breaks off and heals when goodput, counted in time from the"
                            + " beginning, falls below X (0 to 1). Default: never.")
    private double abortGoodput;

    @Option(
            names = "--until",
            paramLabel = "recovered|end",
            defaultValue = "recovered",
            description =
                    "With --attach: a scenario is over when the job has recovered, or when the job"
                            + " ends, so that its report can be judged. Default: ${DEFAULT-VALUE}.")
    private String until = "recovered";

    @Option(
            names = "--limit",
            paramLabel = "S",
            defaultValue = "600",
            description =
                    "With --attach: seconds after which a scenario that is not over fails. Default:"
                            + " ${DEFAULT-VALUE}.")
    private double limit = 600;

    @Option(
            names = "--oracles",
            paramLabel = "NAMES",
            split = ",",
            description =
                    "With --attach: who judges, instead of the scenario's own. Default: steps, and"
                            + " with --until end also samples and ledger.")
    private List<String> oracles = new ArrayList<>();

    @Option(
            names = "--reference",
            paramLabel = "REPORT",
            description =
                    "With --attach --until end: the report of a fault-free run of the same job, for"
                            + " the oracles digest and loss.")
    private @Nullable Path reference;

    @CommandLine.Mixin private TlsOptions tls = new TlsOptions();

    boolean given() {
        return endpoint != null;
    }

    /** The scenario with the oracles of the command line, if it names any. */
    Scenario with(Scenario scenario) throws ConfigException {
        if (oracles.isEmpty()) {
            return scenario;
        }
        for (String oracle : oracles) {
            if (!Oracles.names().contains(oracle)) {
                throw new ConfigException(
                        List.of(
                                "--oracles "
                                        + oracle
                                        + ": expected some of "
                                        + String.join(", ", Oracles.names())));
            }
        }
        return new Scenario(
                scenario.name(),
                scenario.about(),
                scenario.faults(),
                scenario.target(),
                scenario.setup(),
                scenario.rules(),
                scenario.expectation(),
                oracles);
    }

    /**
     * Attaches; hurts nobody.
     *
     * @throws ConfigException if the options make no sense, or nobody there may be hurt
     */
    AttachedCluster open(Path folder, Consumer<String> narrator)
            throws ConfigException, EnvironmentException {
        String there = endpoint;
        if (there == null) {
            throw new ConfigException(List.of("--attach HOST:PORT is missing"));
        }
        if (port.isEmpty()) {
            throw new ConfigException(
                    List.of(
                            "--port is missing: how do faults reach the agents? One of "
                                    + String.join(", ", PortSettings.names())
                                    + ", or a port's file"));
        }
        PortSettings settings =
                port.endsWith(".yaml") || port.contains("/")
                        ? PortSettings.read(Path.of(port))
                        : PortSettings.of(port);
        if (start != null) {
            settings = settings.command("start", start);
        }
        AttachedCluster.Builder builder =
                Cluster.attach(there, credentials())
                        .job(job)
                        .port(settings)
                        .maxVictims(positive("--max-victims", maxVictims))
                        .abort(abort())
                        .until(end())
                        .limit(seconds("--limit", limit))
                        .folder(folder)
                        .narrator(narrator);
        Path report = reference;
        if (report != null) {
            builder.reference(reference(report));
        }
        return builder.open();
    }

    private Credentials credentials() throws ConfigException {
        Credentials credentials = Credentials.of(tls.security());
        Path users = zookeeperUsers;
        if (users == null) {
            return credentials;
        }
        try {
            return credentials.zooKeeper(ZooKeeperAccess.read(users));
        } catch (IOException e) {
            throw new ConfigException(List.of("--zookeeper-auth-file: " + e.getMessage()));
        }
    }

    private AbortWhen abort() throws ConfigException {
        try {
            return new AbortWhen(seconds("--abort-no-step", abortNoStep), abortGoodput);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(List.of("--abort-goodput: " + e.getMessage()));
        }
    }

    private AttachedCluster.Until end() throws ConfigException {
        return switch (until.toLowerCase(Locale.ROOT)) {
            case "recovered" -> AttachedCluster.Until.RECOVERED;
            case "end" -> AttachedCluster.Until.JOB_ENDS;
            default ->
                    throw new ConfigException(
                            List.of("--until " + until + ": expected recovered or end"));
        };
    }

    private static int positive(String option, int value) throws ConfigException {
        if (value < 1) {
            throw new ConfigException(List.of(option + " " + value + ": expected 1 or more"));
        }
        return value;
    }

    private static Duration seconds(String option, double value) throws ConfigException {
        if (!(value > 0 && value <= 1e7)) {
            throw new ConfigException(
                    List.of(option + " " + value + ": expected seconds, more than 0"));
        }
        return Duration.ofMillis(Math.max(1, Math.round(value * MILLIS)));
    }

    private static Reference reference(Path file) throws ConfigException {
        try {
            JobReport report = JobReport.fromJson(Files.readString(file));
            if (!report.completed()) {
                throw new ConfigException(
                        List.of("--reference " + file + ": that run did not complete"));
            }
            return new Reference(report.finalDigest(), report.finalLoss());
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigException(
                    List.of(
                            "--reference "
                                    + file
                                    + ": expected the report of a run (coxswain train --report): "
                                    + e.getMessage()));
        }
    }
}
