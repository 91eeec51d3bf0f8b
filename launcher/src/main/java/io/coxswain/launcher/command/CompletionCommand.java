package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** {@code coxswain completion}. */
@Command(
        name = "completion",
        header = "Print a script that lets the shell complete commands and options.",
        footer = {
            "",
            "Examples:",
            "  source <(coxswain completion bash)",
            "  coxswain completion zsh >> ~/.zshrc"
        })
public final class CompletionCommand extends Shared implements Callable<Integer> {
    /** A shell that the script is for. */
    enum Shell {
        bash,
        zsh
    }

    private final Supplier<CommandLine> whole;

    @Parameters(index = "0", paramLabel = "SHELL", description = "bash or zsh.")
    private Shell shell = Shell.bash;

    /** For the command that {@code whole} gives, with all its subcommands. */
    public CompletionCommand(Supplier<CommandLine> whole) {
        this.whole = whole;
    }

    @Override
    public Integer call() {
        // The script serves both: it turns on zsh's emulation of bash's completion where it runs in
        // a zsh.
        if (shell == Shell.zsh) {
            System.out.println("autoload -U +X compinit && compinit -u");
        }
        System.out.println(AutoComplete.bash("coxswain", whole.get()));
        return ExitCode.COMPLETED;
    }
}
