package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.top.Top;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.time.Duration;
import java.util.concurrent.Callable;

/** {@code coxswain top}. */
@Command(
        name = "top",
        header = "Watch the running job: what blocks it, its goodput, copies, incidents, agents.",
        description = {
            "",
            "On a terminal a screen that is drawn anew each second until q or Ctrl-C; elsewhere a"
                    + " line each second. Agents of a large cluster are shown by failure domain."
                    + " Of a heat cell: h healthy, s suspect, g straggling, l lost, r recovering,"
                    + " p spare, c spare with copies, . absent."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain top",
            "  coxswain top --interval 5 --json",
            "  coxswain top --count 1 --coordinator 10.0.0.5:7400"
        })
public final class TopCommand extends Shared implements Callable<Integer> {
    private static final double MOST_SECONDS = 3_600;
    private static final double LEAST_SECONDS = 0.1;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--interval",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "Time between two looks. Default: ${DEFAULT-VALUE}.")
    private double seconds = 1;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "0",
            description = "Ends after so many looks. Default: it does not end.")
    private int count;

    @Option(names = "--json", description = "Each look as a line of JSON.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        if (!(seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--interval " + seconds + ": expected 0.1 to 3600 seconds");
        }
        if (count < 0) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--count " + count + ": expected 1 or more");
        }
        Top.run(
                admin.address(),
                Duration.ofMillis(Math.round(seconds * 1_000)),
                count,
                json,
                Terminal.standardOutput(),
                System.out);
        return ExitCode.COMPLETED;
    }
}
