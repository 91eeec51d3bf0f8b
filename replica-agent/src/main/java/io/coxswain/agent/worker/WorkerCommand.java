package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How to start a worker.
 *
 * @param command program and arguments
 * @param environment all of the worker's environment: nothing is inherited from the agent beside it
 * @param folder its working directory; null for the agent's
 * @param standby whether the process of the next generation is started before it is needed
 */
public record WorkerCommand(
        List<String> command,
        Map<String, String> environment,
        @Nullable Path folder,
        boolean standby) {
    public WorkerCommand {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("a worker needs a command");
        }
    }

    /** In the agent's working directory. */
    public WorkerCommand(List<String> command, Map<String, String> environment) {
        this(command, environment, null, false);
    }
}
