package io.coxswain.launcher.local;

import io.coxswain.agent.worker.WorkerCommand;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Workers that are programs which the job names: {@code runtime.kind: process}. */
public final class UserProgram {
    /** The kind. */
    public static final String KIND = "process";

    /** What agents and the SDK say themselves. */
    private static final Set<String> GROUP_VARIABLES =
            Set.of(
                    "RANK",
                    "LOCAL_RANK",
                    "WORLD_SIZE",
                    "LOCAL_WORLD_SIZE",
                    "GROUP_RANK",
                    "GROUP_WORLD_SIZE",
                    "ROLE_RANK",
                    "ROLE_WORLD_SIZE",
                    "MASTER_ADDR",
                    "MASTER_PORT");

    private UserProgram() {}

    private static int processes(JsonNode number) {
        if (!number.isMissingNode() && !number.canConvertToInt()) {
            throw new IllegalArgumentException(
                    "runtime.workersPerAgent is %s, expected a whole number from 1 to %d"
                            .formatted(number, WorkerCommand.MOST_PROCESSES));
        }
        return number.asInt(1);
    }

    private static boolean isGroupVariable(String name) {
        return GROUP_VARIABLES.contains(name) || name.startsWith("TORCHELASTIC_");
    }

    /**
     * The command of a worker of any kind.
     *
     * @param section the job's runtime section as JSON
     * @throws IllegalArgumentException for a runtime that this host does not have
     */
    public static WorkerCommand worker(String kind, String section, WorkerSettings settings) {
        return kind.equals(KIND) ? command(section, settings) : JavaProcess.worker(kind, settings);
    }

    /**
     * The command of a worker of this kind. Of equal variables of the environment the job's wins
     * over the host's, and the host's over what is inherited.
     *
     * @throws IllegalArgumentException if jobs may not name programs here, or the section names
     *     none that can run
     */
    static WorkerCommand command(String section, WorkerSettings settings) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(section);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the runtime section is no JSON", e);
        }
        int processes = processes(json.path("workersPerAgent"));
        String launch = json.path("launch").asString("spawn");
        if (!launch.equals("spawn") && !launch.equals("attach")) {
            throw new IllegalArgumentException(
                    "runtime.launch is '%s', expected spawn or attach".formatted(launch));
        }
        if (launch.equals("attach")) {
            // No command of the job's runs here.
            return WorkerCommand.attached(
                    processes, Duration.ofMillis(json.path("attachWaitMillis").asLong(300_000)));
        }
        if (!settings.programs()) {
            throw new IllegalArgumentException(
                    "this agent runs no programs that jobs name: set worker.programs to true in its"
                            + " file, if those who submit jobs may run commands on its host");
        }
        var command = new ArrayList<String>();
        json.path("command").forEach(word -> command.add(word.asString()));
        if (command.isEmpty()) {
            throw new IllegalArgumentException("the runtime section names no command");
        }
        Path folder = Path.of(json.path("cwd").asString(""));
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "runtime.cwd is no folder on this host: '%s'".formatted(folder));
        }
        var environment = new HashMap<String, String>();
        Map<String, String> own = System.getenv();
        for (JsonNode name : json.path("inheritEnv")) {
            String value = own.get(name.asString());
            if (value != null) {
                environment.put(name.asString(), value);
            }
        }
        if (json.path("flightRecorder").asBoolean(false)) {
            // Collectives that it remembers; the agent says where to.
            environment.put("TORCH_NCCL_TRACE_BUFFER_SIZE", "2000");
        }
        environment.putAll(settings.environment());
        json.path("env")
                .properties()
                .forEach(one -> environment.put(one.getKey(), one.getValue().asString()));
        // What a launcher of process groups left there would be wrong in this one.
        environment.keySet().removeIf(UserProgram::isGroupVariable);
        var started =
                new WorkerCommand(
                        List.copyOf(command),
                        environment,
                        folder,
                        json.path("standby").asBoolean(false),
                        processes);
        long wait = json.path("startWaitMillis").asLong(0);
        return wait > 0 ? started.startingWithin(Duration.ofMillis(wait)) : started;
    }
}
