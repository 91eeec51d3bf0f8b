package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How to start a worker.
 *
 * @param command program and arguments
 * @param environment all of the worker's environment: nothing is inherited from the agent beside it
 * @param folder its working directory; null for the agent's
 * @param standby whether the process of the next generation is started before it is needed
 * @param processes how many such processes are one worker, told apart by their local rank
 * @param attachWait somebody else starts the processes, and has so long; null: the command does
 * @param startWait how long a process that the command started may take until it says hello; null:
 *     as long as the supervisor's limits say
 */
public record WorkerCommand(
        List<String> command,
        Map<String, String> environment,
        @Nullable Path folder,
        boolean standby,
        int processes,
        @Nullable Duration attachWait,
        @Nullable Duration startWait) {
    /** As many processes as a host has devices, at most. */
    public static final int MOST_PROCESSES = 64;

    public WorkerCommand {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (command.isEmpty() && attachWait == null) {
            throw new IllegalArgumentException("a worker needs a command");
        }
        if (processes < 1 || processes > MOST_PROCESSES) {
            throw new IllegalArgumentException(
                    "a worker has 1 to " + MOST_PROCESSES + " processes, not " + processes);
        }
    }

    /** The command starts them. */
    public WorkerCommand(
            List<String> command,
            Map<String, String> environment,
            @Nullable Path folder,
            boolean standby,
            int processes) {
        this(command, environment, folder, standby, processes, null, null);
    }

    /** The same, for a program that takes long to import what it needs. */
    public WorkerCommand startingWithin(Duration wait) {
        return new WorkerCommand(
                command, environment, folder, standby, processes, attachWait, wait);
    }

    /** Somebody else starts them. */
    public static WorkerCommand attached(int processes, Duration wait) {
        return new WorkerCommand(List.of(), Map.of(), null, false, processes, wait, null);
    }

    /** One process. */
    public WorkerCommand(
            List<String> command,
            Map<String, String> environment,
            @Nullable Path folder,
            boolean standby) {
        this(command, environment, folder, standby, 1);
    }

    /** In the agent's working directory. */
    public WorkerCommand(List<String> command, Map<String, String> environment) {
        this(command, environment, null, false, 1);
    }
}
