package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.evidence.LiveStacks;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code coxswain stacks}. */
@Command(
        name = "stacks",
        header = "Show what the workers of a job are doing now: the stacks of their processes.",
        description = {
            "",
            "Programs that import coxswain write the stacks of all their Python threads, workers on"
                    + " the JVM those of their Java threads. Of every process the kernel's view of"
                    + " its threads is shown, as far as it may be read. Nothing is stopped by it."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain stacks digits-20260101-120000",
            "  coxswain stacks digits-20260101-120000 3 --native"
        })
public final class StacksCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "JOB", description = "The running job.")
    private String job = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "RANK",
            description = "Only this rank. Default: all.")
    private @Nullable Integer rank;

    @Option(names = "--native", description = "The kernel's view of the threads too.")
    private boolean all;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        Integer only = rank;
        if (only != null && only < 0) {
            throw new ParameterException(
                    spec.commandLine(), "rank " + only + ": expected 0, 1, 2 …");
        }
        try (AdminClient client = AdminClient.connect(admin.address())) {
            return switch (LiveStacks.print(client, job, only, all, System.out, System.err)) {
                case ALL -> ExitCode.COMPLETED;
                case SOME, NONE -> ExitCode.FAILED;
                case NO_SUCH_JOB -> ExitCode.USAGE;
            };
        }
    }
}
