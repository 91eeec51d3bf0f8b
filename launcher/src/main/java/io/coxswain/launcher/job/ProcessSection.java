package io.coxswain.launcher.job;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigSection;

import tools.jackson.databind.json.JsonMapper;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The {@code runtime} section of {@code kind: process}: a program that speaks the bridge protocol.
 * Program and folder are those of each agent's own host, at the same path.
 *
 * @param command program and arguments
 * @param state about the bytes of the whole state, as the user says
 */
record ProcessSection(String json, List<String> command, long state) implements RuntimeSection {
    static final String KIND = "process";

    /** Parameters and two moments, as most optimizers have them. */
    private static final int STATE_VECTORS = 3;

    private static final long DEFAULT_STATE = 64L << 20;
    private static final long MAX_STATE = 1L << 40;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final List<String> INHERITED = List.of("PATH", "HOME");

    /** Reads the section, and renders it as the JSON that agents and the program take. */
    static RuntimeSection read(RuntimeKind.Around around) {
        ConfigSection runtime = around.runtime();
        runtime.require("command");
        Path folder = around.folder().resolve(runtime.text("cwd", ".")).normalize();
        if (around.mustBeHere() && !Files.isDirectory(folder)) {
            runtime.complain("cwd", "no such folder: " + folder);
        }
        var command = new ArrayList<>(runtime.textList("command"));
        if (command.isEmpty() || command.getFirst().isBlank()) {
            if (runtime.has("command")) {
                runtime.complain("command", "expected a program and its arguments");
            }
        } else if (isPath(command.getFirst())) {
            command.set(0, folder.resolve(command.getFirst()).normalize().toString());
        }
        var json = new LinkedHashMap<String, Object>();
        json.put("kind", KIND);
        json.put("command", command);
        json.put("cwd", folder.toString());
        json.put("env", environment(runtime.section("env")));
        json.put("inheritEnv", inherited(runtime));
        json.put("standby", runtime.flag("standby", around.across().equals("runtime")));
        json.put("config", runtime.values("config"));
        json.put("minStepMillis", runtime.whole("minStepMillis", 0, 0, 3_600_000));
        long state = runtime.size("state", DEFAULT_STATE, 1, MAX_STATE);
        return new ProcessSection(
                JsonMapper.shared().writeValueAsString(json), List.copyOf(command), state);
    }

    private static Map<String, String> environment(ConfigSection section) {
        var environment = new LinkedHashMap<String, String>();
        for (String name : section.names()) {
            requireVariable(section, name, name);
            environment.put(name, section.text(name, ""));
        }
        return environment;
    }

    private static List<String> inherited(ConfigSection runtime) {
        if (!runtime.has("inheritEnv")) {
            return INHERITED;
        }
        List<String> names = runtime.textList("inheritEnv");
        names.forEach(name -> requireVariable(runtime, "inheritEnv", name));
        return names;
    }

    private static void requireVariable(ConfigSection section, String field, String name) {
        if (!VARIABLE.matcher(name).matches() || name.startsWith("COXSWAIN_BRIDGE_")) {
            section.complain(
                    field,
                    "found '"
                            + name
                            + "', expected a variable's name, such as NPROC, that is not the"
                            + " bridge's own (COXSWAIN_BRIDGE_...)");
        }
    }

    private static boolean isPath(String program) {
        return program.contains("/");
    }

    @Override
    public long parameters() {
        return state / STATE_VECTORS / Float.BYTES;
    }

    @Override
    public long stateBytes(int shards) {
        return RuntimeSection.shardElements(parameters(), shards) * Float.BYTES * STATE_VECTORS;
    }

    @Override
    public void requireHere() throws EnvironmentException {
        String program = command.getFirst();
        if (isPath(program)) {
            if (!Files.isExecutable(Path.of(program))) {
                throw new EnvironmentException("runtime.command: no program " + program);
            }
            return;
        }
        String path = System.getenv().getOrDefault("PATH", "");
        for (String folder : path.split(File.pathSeparator, -1)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
                return;
            }
        }
        throw new EnvironmentException(
                "runtime.command: there is no program '%s' in PATH; install it, or name its path"
                        .formatted(program));
    }
}
