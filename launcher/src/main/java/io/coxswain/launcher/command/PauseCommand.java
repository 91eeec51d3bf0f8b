package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.admin.PauseTexts;
import io.coxswain.proto.admin.v1.PauseResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain pause}. */
@Command(
        name = "pause",
        header = "Stop a job's steps; its agents keep it, its state and its copies.",
        description = {
            "",
            "All ranks finish the same step and stand there; no step is lost. The job stays paused"
                    + " whoever leads, and what fails meanwhile is recovered. Answered when no step"
                    + " is under way. May be said again. Exit code 1 if there is no such job, or it"
                    + " makes no more steps.",
            "",
            "A job that waits in the queue is held there: it keeps its place, others pass it, and"
                    + " it does not start before it is resumed."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain pause",
            "  coxswain pause digits-20260101-120000 --reason \"the data are being replaced\""
        })
public final class PauseCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "The job's id. Default: the job that runs.")
    private String job = "";

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            description = "Why, for those who look at the job.")
    private String reason = "";

    @Option(names = "--json", description = "JSON instead of words.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        PauseResponse answer = LeaderCalls.pause(admin.address(), job, reason);
        if (json) {
            System.out.println(PauseTexts.json(answer));
        } else if (answer.getPaused()) {
            System.out.println(PauseTexts.words(answer));
        } else {
            System.err.println("coxswain: not paused: " + answer.getRefusal());
        }
        return answer.getPaused() ? ExitCode.COMPLETED : ExitCode.FAILED;
    }
}
