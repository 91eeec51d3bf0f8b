package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.admin.PauseTexts;
import io.coxswain.proto.admin.v1.ResumeResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain resume}. */
@Command(
        name = "resume",
        header = "Let a paused job make steps again.",
        description = {
            "",
            "May be said again, also of a job that is not paused. Exit code 1 if there is no such"
                    + " job, or it makes no more steps."
        },
        footer = {"", "Examples:", "  coxswain resume", "  coxswain resume digits-20260101-120000"})
public final class ResumeCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "The job's id. Default: the job that runs.")
    private String job = "";

    @Option(names = "--json", description = "JSON instead of words.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        ResumeResponse answer = LeaderCalls.resume(admin.address(), job);
        if (json) {
            System.out.println(PauseTexts.json(answer));
        } else if (answer.getResumed()) {
            System.out.println(PauseTexts.words(answer));
        } else {
            System.err.println("coxswain: not resumed: " + answer.getRefusal());
        }
        return answer.getResumed() ? ExitCode.COMPLETED : ExitCode.FAILED;
    }
}
