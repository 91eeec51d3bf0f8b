package io.coxswain.launcher.command;

import io.coxswain.launcher.admin.PlannedWork;
import io.coxswain.launcher.admin.PlannedWork.Manner;
import io.coxswain.launcher.admin.PlannedWork.Verb;
import io.coxswain.launcher.admin.PlannedWork.Word;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain uncordon}. */
@Command(
        name = "uncordon",
        header = "Put an agent back into service.",
        description = {
            "",
            "Whoever took it out: a cordon, a drain or a monitor of devices. Of an agent that"
                    + " serves it changes nothing. Exit code 1 if the agent's process was told to"
                    + " end (SIGTERM), which nobody can take back."
        },
        footer = {"", "Examples:", "  coxswain uncordon host7"})
public final class UncordonCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "AGENT", description = "The agent's id.")
    private String agent = "";

    @Option(names = "--json", description = "Prints how the agent is as JSON.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        return PlannedWork.run(
                admin.address(),
                new Word(Verb.UNCORDON, agent, "", true),
                new Manner(false, null, json),
                System.out,
                System.err);
    }
}
