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

/** {@code coxswain report-health}. */
@Command(
        name = "report-health",
        header = "For monitors: say how an agent's devices are.",
        description = {
            "",
            "An agent with a failing device is drained, before it dies. When its devices are ok"
                    + " again it serves again, if nobody else took it out. May be said as often as"
                    + " the monitor looks. Exit code 1 if there is no such agent: --absent records"
                    + " it all the same, for when it comes."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain report-health host7 --state failing --reason 'ECC errors on device 3'",
            "  coxswain report-health host7 --state ok"
        })
public final class ReportHealthCommand extends Shared implements Callable<Integer> {
    /** How devices are. */
    enum State {
        OK,
        FAILING
    }

    @Parameters(index = "0", paramLabel = "AGENT", description = "The agent's id.")
    private String agent = "";

    @Option(
            names = "--state",
            paramLabel = "STATE",
            required = true,
            description = "failing or ok.")
    private State state = State.OK;

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
                new Word(state == State.FAILING ? Verb.FAILING : Verb.OK, agent, reason, absent),
                new Manner(false, null, json),
                System.out,
                System.err);
    }
}
