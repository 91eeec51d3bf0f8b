package io.coxswain.launcher.command;

import io.coxswain.launcher.admin.PlannedWork;
import io.coxswain.launcher.admin.PlannedWork.Manner;
import io.coxswain.launcher.admin.PlannedWork.Verb;
import io.coxswain.launcher.admin.PlannedWork.Word;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.time.Duration;
import java.util.concurrent.Callable;

/** {@code coxswain drain}. */
@Command(
        name = "drain",
        header = "Take an agent out of service without losing a step.",
        description = {
            "",
            "Its rank goes to a spare and its copies elsewhere; then it may be ended. Waits until"
                    + " that is so and tells how far it is; ended before, the drain goes on."
                    + " Without a spare the agent keeps its rank until one is there. May be said"
                    + " again; survives a change of the leading coordinator and a restart of the"
                    + " agent, which stays out of service until --undo. Exit code 1 if there is no"
                    + " such agent, or it is not drained in time."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain drain host7 --reason 'new disk' --zookeeper zk1:2181",
            "  coxswain drain host7 --undo"
        })
public final class DrainCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "AGENT", description = "The agent's id.")
    private String agent = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "For people.")
    private String reason = "";

    @Option(names = "--undo", description = "Puts the agent back into service, as uncordon does.")
    private boolean undo;

    @Option(
            names = "--no-wait",
            description = "Returns once the drain is recorded; coxswain status tells the rest.")
    private boolean noWait;

    @Option(
            names = "--limit",
            paramLabel = "SECONDS",
            description = "Waits no longer. Default: until the agent is drained.")
    private @Nullable Long limit;

    @Option(names = "--absent", description = "Also an agent that was never seen.")
    private boolean absent;

    @Option(names = "--json", description = "Prints how the agent is in the end as JSON.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        Long seconds = limit;
        if (seconds != null && (seconds < 1 || noWait || undo)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--limit takes 1 or more seconds, and neither --no-wait nor --undo");
        }
        return PlannedWork.run(
                admin.address(),
                new Word(undo ? Verb.UNCORDON : Verb.DRAIN, agent, reason, absent || undo),
                new Manner(
                        !noWait && !undo,
                        seconds == null ? null : Duration.ofSeconds(seconds),
                        json),
                System.out,
                System.err);
    }
}
