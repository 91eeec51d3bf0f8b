package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Which port, and what is particular to somebody's cluster.
 *
 * @param port a provider's name
 * @param arguments further ones of the port's own program: {@code [-l, root]}, {@code [-n, train]}
 * @param commands by name, over the port's own; see {@link CommandFaults}
 * @param timeout of one command
 */
public record PortSettings(
        String port, List<String> arguments, Map<String, List<String>> commands, Duration timeout) {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    public PortSettings {
        arguments = List.copyOf(arguments);
        commands = Map.copyOf(commands);
    }

    /** A port as it is. */
    public static PortSettings of(String port) {
        return new PortSettings(port, List.of(), Map.of(), TIMEOUT);
    }

    /** With one command: a single text is a line for the shell, several are a program's words. */
    public PortSettings command(String name, String... words) {
        var more = new LinkedHashMap<>(commands);
        more.put(name, List.of(words));
        return new PortSettings(port, arguments, more, timeout);
    }

    /**
     * Reads a port's file; {@code docs/chaos.md} has each field.
     *
     * @throws ConfigException with every complaint, each with its place
     */
    public static PortSettings read(Path file) throws ConfigException {
        ConfigSection root = ConfigFile.read(file, Map.of());
        root.require("port");
        String port = root.choice("port", "local", names());
        List<String> arguments = root.textList("arguments");
        Duration timeout =
                root.duration("timeout", TIMEOUT, Duration.ofSeconds(1), Duration.ofMinutes(10));
        ConfigSection section = root.section("commands");
        var commands = new LinkedHashMap<String, List<String>>();
        for (String name : CommandFaults.NAMES) {
            if (section.has(name)) {
                List<String> words = section.textList(name);
                commands.put(name, words);
                String wrong = CommandFaults.complaint(words);
                if (!wrong.isEmpty()) {
                    section.complain(name, wrong);
                }
            }
        }
        root.finish();
        return new PortSettings(port, arguments, commands, timeout);
    }

    /** The ports that there are. */
    public static List<String> names() {
        var names = new ArrayList<String>();
        for (FaultPortProvider provider : ServiceLoader.load(FaultPortProvider.class)) {
            names.add(provider.name());
        }
        return List.copyOf(names);
    }

    /**
     * Opens the port.
     *
     * @throws IllegalArgumentException if there is none of that name, or it cannot use the settings
     */
    public FaultPort open(Whereabouts agents) {
        Optional<FaultPortProvider> found =
                ServiceLoader.load(FaultPortProvider.class).stream()
                        .map(ServiceLoader.Provider::get)
                        .filter(provider -> provider.name().equals(port))
                        .findFirst();
        return found.orElseThrow(() ->
                        new IllegalArgumentException(
                                "there is no port '"
                                        + port
                                        + "'; expected one of "
                                        + String.join(", ", names())
                                        + ", or a port's file (.yaml)"))
                .open(this, agents);
    }
}
