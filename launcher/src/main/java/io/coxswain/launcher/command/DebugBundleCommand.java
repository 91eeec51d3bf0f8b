package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.evidence.DebugBundle;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain debug-bundle}. */
@Command(
        name = "debug-bundle",
        header = "Pack what is known of an incident into one file, to look at or to pass on.",
        description = {
            "",
            "In it: the incident, the evidence that was taken (tracebacks, stacks), the events"
                    + " around it, the ends of the workers' logs of the agents involved, the job"
                    + " without secrets, and versions. What could not be had stands in"
                    + " manifest.json. Look through the logs before you pass it on: what a program"
                    + " prints is not searched for secrets."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain debug-bundle",
            "  coxswain debug-bundle 3 --job digits-20260101-120000 -o incident-3.zip"
        })
public final class DebugBundleCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "INCIDENT",
            description = "Its number, as status and events show it. Default: the newest.")
    private @Nullable Integer incident;

    @Option(
            names = "--job",
            paramLabel = "JOB",
            defaultValue = "",
            description = "The job. Default: the running one, or the one that ended last.")
    private String job = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Default: JOB-incident-N.zip in this folder.")
    private @Nullable Path output;

    @Option(names = "--force", description = "Replaces the file if there is one.")
    private boolean force;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        int number = incident == null ? 0 : incident;
        if (incident != null && number < 1) {
            System.err.println("coxswain: incident " + number + ": they count from 1");
            return ExitCode.USAGE;
        }
        try (AdminClient client = AdminClient.connect(admin.address())) {
            DebugBundle bundle = DebugBundle.collect(client, job, number);
            if (!bundle.error().isEmpty()) {
                System.err.println("coxswain: " + bundle.error());
                return ExitCode.USAGE;
            }
            Path file = output == null ? Path.of(bundle.defaultName()) : output;
            try {
                bundle.write(file, force);
            } catch (FileAlreadyExistsException e) {
                System.err.println(
                        "coxswain: "
                                + file
                                + " is there already; name another with -o, or --force");
                return ExitCode.USAGE;
            } catch (IOException e) {
                throw new EnvironmentException(
                        "cannot write " + file + ": " + e.getMessage() + "; name another with -o",
                        e);
            }
            bundle.missing()
                    .forEach(missing -> System.err.println("coxswain: missing: " + missing));
            System.out.println(file);
            return ExitCode.COMPLETED;
        }
    }
}
