package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.proto.admin.v1.CancelResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain cancel}. */
@Command(
        name = "cancel",
        header = "End a job, running or queued.",
        description = {
            "",
            "Its report is kept. Exit code 1 if there is no such job or it is over already."
        },
        footer = {"", "Examples:", "  coxswain cancel digits-20260101-120000"})
public final class CancelCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "JOB", description = "The job's id.")
    private String job = "";

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        CancelResponse answer = LeaderCalls.cancel(admin.address(), job);
        if (answer.getCancelled()) {
            System.out.println("job " + job + " is cancelled");
            return ExitCode.COMPLETED;
        }
        System.err.println("coxswain: job " + job + " is not cancelled: " + answer.getReason());
        return ExitCode.FAILED;
    }
}
