package io.coxswain.launcher.command;

import picocli.CommandLine.Option;

/** Options that every command has. */
abstract class Shared {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks for the option, nobody for its value
    private boolean help;
}
