package io.coxswain.agent.worker;

import java.util.List;
import java.util.Map;

/**
 * How to start a worker.
 *
 * @param command program and arguments
 * @param environment all of the worker's environment: nothing is inherited from the agent beside it
 */
public record WorkerCommand(List<String> command, Map<String, String> environment) {
    public WorkerCommand {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("a worker needs a command");
        }
    }
}
