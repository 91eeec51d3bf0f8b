package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.zk.ZkDump;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code coxswain zk dump}. */
@Command(
        name = "dump",
        header = "Print all nodes of an installation, decoded.",
        description = {
            "",
            "Reads only, and asks no coordinator. With each node: its version, size, time, owner"
                + " and rights, and its record in words of store.proto. What a newer version wrote"
                + " is shown as such. Settings of programs, reports and passwords are not shown."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain zk dump --zookeeper zk1:2181,zk2:2181",
            "  coxswain zk dump --json --zookeeper-auth-file client.users"
        })
public final class ZkDumpCommand extends Shared implements Callable<Integer> {
    private static final int MOST = 1_000_000;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "One JSON object instead of lines.")
    private boolean json;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "20000",
            description = "Nodes that are read at most, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int most;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        if (most < 1 || most > MOST) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--most " + most + ": expected 1 to " + MOST);
        }
        try (ZkDump dump = ZkDump.connect(admin.address())) {
            if (json) {
                System.out.println(dump.json(most));
            } else {
                dump.print(most, System.out::println);
            }
        }
        return ExitCode.COMPLETED;
    }
}
