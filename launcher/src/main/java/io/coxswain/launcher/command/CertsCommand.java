package io.coxswain.launcher.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coxswain certs}. */
@Command(
        name = "certs",
        header = "Make a certificate authority and certificates with roles, and take them back.",
        description = {
            "",
            "For development, and for clusters without an authority of their own. Nothing is ever"
                    + " overwritten; docs/security.md says what the roles may do."
        },
        synopsisSubcommandLabel = "WHAT",
        subcommands = {CertsInitCommand.class, CertsIssueCommand.class, CertsRevokeCommand.class},
        footer = {
            "",
            "Examples:",
            "  coxswain certs init",
            "  coxswain certs issue coordinator",
            "  coxswain certs issue agent --id host7",
            "  coxswain certs issue operator --id ann",
            "  coxswain certs revoke certs/agent-host7/cert.pem"
        })
public final class CertsCommand extends Shared implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Without saying what to do: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "Missing what to do: init, issue or revoke");
    }
}
