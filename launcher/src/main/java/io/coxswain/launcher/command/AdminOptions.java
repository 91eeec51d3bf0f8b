package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.security.ZooKeeperAccess;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "The coordinator of the coxswain train that runs with this folder.")
    private @Nullable Path runFolder;

    @CommandLine.Mixin private TlsOptions tls = new TlsOptions();

    @Option(
            names = "--zookeeper-auth-file",
            paramLabel = "FILE",
            description = "Who this command is to ZooKeeper: a line client:PASSWORD.")
    private @Nullable Path zookeeperUsers;

    @Option(
            names = "--zookeeper-option",
            paramLabel = "NAME=VALUE",
            description =
                    "An option of ZooKeeper's client, such as zookeeper.client.secure=true."
                            + " Repeatable.")
    private Map<String, String> zookeeperOptions = new LinkedHashMap<>();

    AdminClient.Address address() throws ConfigException, EnvironmentException {
        if (runFolder == null) {
            return at(coordinator);
        }
        if (coordinator != null) {
            throw new ConfigException(
                    List.of("--run-dir and --coordinator both name a coordinator: give one"));
        }
        var run = new RunFolder(runFolder);
        try {
            return at(Files.readString(run.address()).strip());
        } catch (IOException e) {
            throw new EnvironmentException(
                    "no run goes on in "
                            + runFolder
                            + (Files.exists(run.events())
                                    ? "; coxswain events and incidents read what it left with"
                                            + " --journal "
                                            + run.events()
                                    : ": is that the folder that coxswain train named?"),
                    e);
        }
    }

    private AdminClient.Address at(@Nullable String endpoint) throws ConfigException {
        try {
            ZooKeeperAccess access =
                    zookeeperUsers == null
                            ? ZooKeeperAccess.OPEN
                            : ZooKeeperAccess.read(zookeeperUsers);
            return new AdminClient.Address(
                    endpoint, zookeeper, chroot, tls.security(), access.with(zookeeperOptions));
        } catch (IOException e) {
            throw new ConfigException(List.of("--zookeeper-auth-file: " + e.getMessage()));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(List.of("--zookeeper-option: " + e.getMessage()));
        }
    }
}
