package io.coxswain.launcher.local;

import io.coxswain.bridge.host.WorkerJvm;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a host's workers get, beside what the job says: what belongs to the machine.
 *
 * @param heapBytes largest heap of a worker on the JVM
 * @param logs folder of the workers' output, in which a JVM that crashes leaves its report
 * @param environment of workers, which inherit nothing from their agent
 * @param createOptions for the clients of PJRT plugins, laid over those of the job: whole numbers
 *     (Long), decimals (Double), booleans, texts and lists of whole numbers
 * @param programs whether jobs may name programs that run here: {@code runtime.kind: process}
 */
public record WorkerSettings(
        long heapBytes,
        Optional<Path> logs,
        Map<String, String> environment,
        Map<String, Object> createOptions,
        boolean programs) {
    public WorkerSettings {
        environment = Map.copyOf(environment);
        createOptions = Collections.unmodifiableMap(new LinkedHashMap<>(createOptions));
    }

    /** Nothing but a heap as large as a worker usually needs. */
    public static WorkerSettings usual() {
        return new WorkerSettings(
                WorkerJvm.DEFAULT_HEAP_BYTES, Optional.empty(), Map.of(), Map.of(), true);
    }

    /** The same with that folder for logs. */
    public WorkerSettings withLogs(Path folder) {
        return new WorkerSettings(
                heapBytes, Optional.of(folder), environment, createOptions, programs);
    }

    /** The same with that environment. */
    public WorkerSettings withEnvironment(Map<String, String> variables) {
        return new WorkerSettings(heapBytes, logs, variables, createOptions, programs);
    }
}
