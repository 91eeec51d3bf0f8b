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

/** {@code coxswain cordon}. */
@Command(
        name = "cordon",
        header = "Give an agent no new rank and no new copies.",
        description = {
            "",
            "It keeps what it has. May be said again; survives a change of the leading coordinator"
                    + " and a restart of the agent. Exit code 1 if there is no such agent."
        },
        footer = {"", "Examples:", "  coxswain cordon host7 --reason 'looks odd'"})
public final class CordonCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "AGENT", description = "The agent's id.")
    private String agent = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "For people.")
    private String reason = "";

    @Option(names = "--absent", description = "Also an agent that was never seen.")
    private boolean absent;

    @Option(names = "--json", description = "Prints how the agent is as JSON.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        return PlannedWork.run(
                admin.address(),
                new Word(Verb.CORDON, agent, reason, absent),
                new Manner(false, null, json),
                System.out,
                System.err);
    }
}
