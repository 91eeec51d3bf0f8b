package io.coxswain.launcher.train;

import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.service.HttpAddress;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The options of {@code coxswain train}.
 *
 * @param sets overrides of the job file, by path
 * @param agents that ranks may be placed on; null: as many as the mesh has ranks
 * @param spares further agents
 * @param report where the JSON report goes; null: nowhere
 * @param runFolder null: the usual one
 * @param arenas folder for shared memory
 * @param workerEnvironment of all workers
 * @param http of the coordinator; null: none
 */
public record TrainOptions(
        Path job,
        Map<String, String> sets,
        @Nullable Integer agents,
        int spares,
        List<FaultSpec> faults,
        @Nullable Path report,
        boolean quiet,
        @Nullable Path runFolder,
        Path arenas,
        Map<String, String> workerEnvironment,
        @Nullable HttpAddress http) {
    public TrainOptions {
        sets = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(sets));
        faults = List.copyOf(faults);
        workerEnvironment = Map.copyOf(workerEnvironment);
    }
}
