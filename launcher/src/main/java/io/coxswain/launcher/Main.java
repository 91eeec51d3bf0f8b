package io.coxswain.launcher;

import io.coxswain.launcher.command.AgentCommand;
import io.coxswain.launcher.command.BenchCommand;
import io.coxswain.launcher.command.BundleCommand;
import io.coxswain.launcher.command.CancelCommand;
import io.coxswain.launcher.command.CertsCommand;
import io.coxswain.launcher.command.CompletionCommand;
import io.coxswain.launcher.command.ConformanceCommand;
import io.coxswain.launcher.command.CoordinatorCommand;
import io.coxswain.launcher.command.CordonCommand;
import io.coxswain.launcher.command.DebugBundleCommand;
import io.coxswain.launcher.command.DoctorCommand;
import io.coxswain.launcher.command.DrainCommand;
import io.coxswain.launcher.command.EventsCommand;
import io.coxswain.launcher.command.FailoverCommand;
import io.coxswain.launcher.command.GoodputCommand;
import io.coxswain.launcher.command.IncidentsCommand;
import io.coxswain.launcher.command.JobsCommand;
import io.coxswain.launcher.command.LogsCommand;
import io.coxswain.launcher.command.PauseCommand;
import io.coxswain.launcher.command.ReportHealthCommand;
import io.coxswain.launcher.command.ResumeCommand;
import io.coxswain.launcher.command.RulesCommand;
import io.coxswain.launcher.command.RuntimeCommand;
import io.coxswain.launcher.command.StacksCommand;
import io.coxswain.launcher.command.StatusCommand;
import io.coxswain.launcher.command.SubmitCommand;
import io.coxswain.launcher.command.TopCommand;
import io.coxswain.launcher.command.TrainCommand;
import io.coxswain.launcher.command.UncordonCommand;
import io.coxswain.launcher.command.WaitCommand;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.logs.Logs;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/** The {@code coxswain} command. */
@Command(
        name = "coxswain",
        header = "Fault-tolerant synchronous training from one controller.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done; of train and wait: the job completed",
            "1:the job failed, was refused or was cancelled",
            "2:the command line or a file that it names cannot be used",
            "3:the machine is not as needed: a port in use, too little shared memory, nobody"
                    + " listening",
            "70:a bug in Coxswain",
            "130:ended by Ctrl-C (143: by SIGTERM)"
        },
        footer = {
            "",
            "Examples:",
            "  coxswain train examples/digits/job.yaml --kill 1@step:200",
            "  coxswain train --help",
            "  coxswain submit examples/digits/job.yaml --zookeeper zk1:2181 --wait"
        })
public final class Main implements Runnable {
    private static final Map<String, Supplier<Object>> COMMANDS = commands();

    @Spec private CommandSpec spec = CommandSpec.create();

    private static Map<String, Supplier<Object>> commands() {
        var commands = new LinkedHashMap<String, Supplier<Object>>();
        commands.put("train", TrainCommand::new);
        commands.put("coordinator", CoordinatorCommand::new);
        commands.put("agent", AgentCommand::new);
        commands.put("submit", SubmitCommand::new);
        commands.put("status", StatusCommand::new);
        commands.put("jobs", JobsCommand::new);
        commands.put("wait", WaitCommand::new);
        commands.put("cancel", CancelCommand::new);
        commands.put("pause", PauseCommand::new);
        commands.put("resume", ResumeCommand::new);
        commands.put("failover", FailoverCommand::new);
        commands.put("drain", DrainCommand::new);
        commands.put("cordon", CordonCommand::new);
        commands.put("uncordon", UncordonCommand::new);
        commands.put("report-health", ReportHealthCommand::new);
        commands.put("events", EventsCommand::new);
        commands.put("logs", LogsCommand::new);
        commands.put("stacks", StacksCommand::new);
        commands.put("debug-bundle", DebugBundleCommand::new);
        commands.put("incidents", IncidentsCommand::new);
        commands.put("top", TopCommand::new);
        commands.put("runtime", RuntimeCommand::new);
        commands.put("bundle", BundleCommand::new);
        commands.put("doctor", DoctorCommand::new);
        commands.put("certs", CertsCommand::new);
        commands.put("goodput", GoodputCommand::new);
        commands.put("rules", RulesCommand::new);
        commands.put("completion", () -> new CompletionCommand(() -> commandLine(null)));
        commands.put("bench", BenchCommand::new);
        commands.put("conformance", ConformanceCommand::new);
        return commands;
    }

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        Logs.silent();
        System.exit(execute(args));
    }

    /** Runs the command in this process and returns its exit code. */
    public static int execute(String... args) {
        return commandLine(args.length > 0 ? args[0] : null).execute(args);
    }

    /**
     * The command with all its subcommands; with {@code only} that one, since each takes time to be
     * looked at.
     */
    static CommandLine commandLine(@Nullable String only) {
        var line = new CommandLine(new Main());
        if (only != null && COMMANDS.containsKey(only)) {
            line.addSubcommand(only, COMMANDS.get(only).get());
        } else if (!"--version".equals(only) && !"-V".equals(only)) {
            COMMANDS.forEach((name, command) -> line.addSubcommand(name, command.get()));
            ServiceLoader.load(CommandProvider.class)
                    .forEach(more -> line.addSubcommand(more.name(), more.command()));
        }
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((wrong, _) -> misused(wrong));
        line.setExecutionExceptionHandler((failure, command, _) -> failed(failure, command));
        return line;
    }

    private static int misused(CommandLine.ParameterException wrong) {
        PrintStream err = System.err;
        err.println("coxswain: " + wrong.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("See " + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine command) {
        PrintStream err = System.err;
        return switch (failure) {
            case ConfigException config -> {
                config.complaints().forEach(complaint -> err.println("coxswain: " + complaint));
                yield ExitCode.USAGE;
            }
            case EnvironmentException environment -> {
                err.println("coxswain: " + environment.getMessage());
                yield ExitCode.ENVIRONMENT;
            }
            case CommandLine.ParameterException wrong -> misused(wrong);
            default -> {
                err.println(
                        "coxswain: a bug in Coxswain ended "
                                + command.getCommandName()
                                + "; please report what follows");
                failure.printStackTrace(err);
                yield ExitCode.BUG;
            }
        };
    }

    /** Without a subcommand: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing required subcommand");
    }

    /** The version that the jar's manifest names. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"coxswain " + (version == null ? "unpackaged" : version)};
        }
    }
}
