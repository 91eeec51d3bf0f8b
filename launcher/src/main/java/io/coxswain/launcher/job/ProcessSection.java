package io.coxswain.launcher.job;

import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigSection;

import tools.jackson.databind.json.JsonMapper;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
 * @param state about the bytes of the whole state, as the user says, or of what each of several
 *     processes holds of it
 * @param processes of each agent
 */
record ProcessSection(String json, List<String> command, long state, int processes)
        implements RuntimeSection {
    static final String KIND = "process";

    private static final String WORKERS = "workersPerAgent";
    private static final String LAUNCH = "launch";
    private static final String ATTACH = "attach";
    private static final String ATTACH_WAIT = "attachWait";
    private static final String START_WAIT = "startWait";
    private static final String RECORDER = "flightRecorder";

    /** Parameters and two moments, as most optimizers have them. */
    private static final int STATE_VECTORS = 3;

    private static final long DEFAULT_STATE = 64L << 20;
    private static final long MAX_STATE = 1L << 40;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final List<String> INHERITED = List.of("PATH", "HOME");

    /** Reads the section, and renders it as the JSON that agents and the program take. */
    static RuntimeSection read(RuntimeKind.Around around) {
        ConfigSection runtime = around.runtime();
        int processes = processes(around);
        if (runtime.choice(LAUNCH, "spawn", List.of("spawn", ATTACH)).equals(ATTACH)) {
            return attached(around, processes);
        }
        if (runtime.has(ATTACH_WAIT)) {
            runtime.complain(ATTACH_WAIT, "makes sense with launch: attach alone");
        }
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
        json.put("standby", runtime.flag("standby", true));
        if (runtime.flag(RECORDER, false)) {
            json.put(RECORDER, true);
        }
        if (runtime.has(START_WAIT)) {
            Duration wait =
                    runtime.duration(
                            START_WAIT,
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(1),
                            Duration.ofHours(24));
            json.put("startWaitMillis", wait.toMillis());
        }
        if (processes > 1) {
            json.put(WORKERS, processes);
        }
        putRest(json, around, folder);
        long state = runtime.size("state", DEFAULT_STATE, 1, MAX_STATE);
        return new ProcessSection(
                JsonMapper.shared().writeValueAsString(json),
                List.copyOf(command),
                state,
                processes);
    }

    /** What is the program's business, whoever starts it. */
    private static void putRest(
            Map<String, Object> json, RuntimeKind.Around around, Path relativeTo) {
        ConfigSection runtime = around.runtime();
        ConfigSection export = runtime.section("export");
        String initial = runtime.text("initial", "");
        String to = export.text("folder", "");
        long every = export.whole("every", 0, 0, Long.MAX_VALUE);
        if (!initial.isEmpty()) {
            Path from = relativeTo.resolve(initial).normalize();
            json.put("initial", from.toString());
            if (around.mustBeHere() && !Files.isDirectory(from)) {
                runtime.complain("initial", "no such folder: " + from);
            }
            if (!to.isEmpty() && relativeTo.resolve(to).normalize().equals(from)) {
                runtime.complain(
                        "initial",
                        "found the folder that the job exports to: a process that starts anew would"
                                + " begin from another state; expected another folder, or that of"
                                + " one step ("
                                + initial
                                + "/step-...)");
            }
        }
        if (!to.isEmpty()) {
            var exported = new LinkedHashMap<String, Object>();
            exported.put("folder", relativeTo.resolve(to).normalize().toString());
            exported.put("every", every);
            json.put("export", exported);
        } else if (runtime.has("export")) {
            export.complain("folder", "expected the folder that states are left in");
        }
        json.put("config", runtime.values("config"));
        json.put("minStepMillis", runtime.whole("minStepMillis", 0, 0, 3_600_000));
    }

    /** Somebody else starts the processes, and decides how. */
    private static RuntimeSection attached(RuntimeKind.Around around, int processes) {
        ConfigSection runtime = around.runtime();
        for (String name :
                List.of("command", "cwd", "env", "inheritEnv", "standby", RECORDER, START_WAIT)) {
            if (runtime.has(name)) {
                runtime.complain(
                        name,
                        "with launch: attach somebody else starts the workers, and decides that;"
                                + " leave it out, or say launch: spawn");
            }
        }
        // Their fields are no business of this file.
        runtime.values("env");
        Duration wait =
                runtime.duration(
                        ATTACH_WAIT,
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(1),
                        Duration.ofHours(24));
        var json = new LinkedHashMap<String, Object>();
        json.put("kind", KIND);
        json.put(LAUNCH, ATTACH);
        json.put("attachWaitMillis", wait.toMillis());
        if (processes > 1) {
            json.put(WORKERS, processes);
        }
        putRest(json, around, around.folder());
        long state = runtime.size("state", DEFAULT_STATE, 1, MAX_STATE);
        return new ProcessSection(
                JsonMapper.shared().writeValueAsString(json), List.of(), state, processes);
    }

    /** Complains of what programs alone have, in the section of another kind. */
    static void refuseElsewhere(ConfigSection runtime, String kind) {
        for (String name : List.of(WORKERS, LAUNCH, ATTACH_WAIT, START_WAIT, RECORDER)) {
            if (runtime.has(name)) {
                runtime.complain(
                        name, "workers of kind " + kind + " have none; expected kind: " + KIND);
            }
        }
    }

    /** How many processes of an agent are one worker. */
    private static int processes(RuntimeKind.Around around) {
        ConfigSection runtime = around.runtime();
        int processes = (int) runtime.whole(WORKERS, 1, 1, WorkerCommand.MOST_PROCESSES);
        long all = (long) around.replicas() * around.shards() * processes;
        if (processes > 1 && !around.across().equals("runtime")) {
            runtime.complain(
                    WORKERS,
                    "found "
                            + processes
                            + ", but the agents reduce between ranks, and one process of each"
                            + " computes for it; expected 1, and one agent for each device, or"
                            + " collectives: {across: runtime}, where the processes reduce among"
                            + " themselves");
        } else if (processes > 1 && around.microshards() < all) {
            runtime.complain(
                    WORKERS,
                    "found %d: %d agents of the mesh have %d processes, and microshards is %d; expected at least as many microshards as processes"
                            .formatted(
                                    processes,
                                    (long) around.replicas() * around.shards(),
                                    all,
                                    around.microshards()));
        }
        return processes;
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
    public boolean attached() {
        return command.isEmpty();
    }

    @Override
    public long parameters() {
        return state * processes / STATE_VECTORS / Float.BYTES;
    }

    @Override
    public long stateBytes(int shards) {
        return processes > 1
                ? state * processes
                : RuntimeSection.shardElements(parameters(), shards) * Float.BYTES * STATE_VECTORS;
    }

    @Override
    public void requireHere() throws EnvironmentException {
        if (command.isEmpty()) {
            return;
        }
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
