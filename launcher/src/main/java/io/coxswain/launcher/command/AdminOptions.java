package io.coxswain.launcher.command;

import io.coxswain.launcher.admin.AdminClient;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How commands find the coordinator. */
@Command
public final class AdminOptions {
    @Option(
            names = "--zookeeper",
            paramLabel = "HOSTS",
            defaultValue = "127.0.0.1:2181",
            description =
                    "ZooKeeper, HOST:PORT, several separated by commas; it names the leading"
                            + " coordinator. Default: ${DEFAULT-VALUE}.")
    private String zookeeper = "";

    @Option(
            names = "--chroot",
            paramLabel = "PATH",
            defaultValue = "/coxswain",
            description =
                    "The path in ZooKeeper below which everything stands. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String chroot = "";

    @Option(
            names = "--coordinator",
            paramLabel = "HOST:PORT",
            description = "The leading coordinator itself, without asking ZooKeeper.")
    private @Nullable String coordinator;

    AdminClient.Address address() {
        return new AdminClient.Address(coordinator, zookeeper, chroot);
    }
}
