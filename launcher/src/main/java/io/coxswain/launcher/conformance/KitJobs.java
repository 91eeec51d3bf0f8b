package io.coxswain.launcher.conformance;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.proto.control.v1.JobSpec;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The jobs that the kit has a worker load.
 *
 * @param job the usual one
 * @param slow the same with long steps, null if nobody said how to make them long
 */
public record KitJobs(JobSpec job, @Nullable JobSpec slow) {
    private static final String JOB_ID = "conformance";

    /** Kinds of runtime that can be told how long a step takes at least. */
    private static final Set<String> STRETCHING = Set.of("reference", "pjrt", "process");

    /** An hour: whoever waits for such a step waits for an abort. */
    private static final String SLOW_FIELD = "runtime.minStepMillis";

    private static final String SLOW_MILLIS = "3600000";

    /** Small, so that many processes load it soon, with a state that takes a while to copy. */
    private static final Map<String, String> REDUCED =
            Map.of(
                    "steps", "100",
                    "batch", "30",
                    "microshards", "4",
                    "runtime.model.layers", "[64, 32, 10]",
                    "runtime.ballast", "16MB");

    /**
     * What the command line says of the job.
     *
     * @param file the job file
     * @param reduce whether it is the digits job, to be made small
     * @param sets overrides of its fields
     * @param slow further overrides that make its steps long; empty: as the runtime's kind has it
     */
    public record Source(
            Path file, boolean reduce, Map<String, String> sets, Map<String, String> slow) {
        /** Copies the maps. */
        public Source {
            sets = Map.copyOf(sets);
            slow = Map.copyOf(slow);
        }
    }

    /**
     * A runtime that this version's job files do not know.
     *
     * @param kind its name
     * @param json its section
     * @param slowJson the section with which its steps are long, if there is one
     */
    public record OtherRuntime(String kind, String json, @Nullable String slowJson) {}

    /**
     * Reads the job.
     *
     * @param other takes the place of the job file's {@code runtime} section
     */
    public static KitJobs read(Source source, @Nullable OtherRuntime other) throws ConfigException {
        var sets = new LinkedHashMap<String, String>();
        if (source.reduce()) {
            sets.putAll(REDUCED);
        }
        sets.put("mesh.replicas", "1");
        sets.put("mesh.shards", "1");
        sets.putAll(source.sets());
        JobFile file = JobFile.read(source.file(), sets);
        if (other != null) {
            JobSpec spec = withRuntime(spec(file), other.kind(), other.json());
            String slowJson = other.slowJson();
            return new KitJobs(
                    spec, slowJson == null ? null : withRuntime(spec, other.kind(), slowJson));
        }
        Map<String, String> slow =
                source.slow().isEmpty() && STRETCHING.contains(file.runtimeKind())
                        ? Map.of(SLOW_FIELD, SLOW_MILLIS)
                        : source.slow();
        if (slow.isEmpty()) {
            return new KitJobs(spec(file), null);
        }
        sets.putAll(slow);
        return new KitJobs(spec(file), spec(JobFile.read(source.file(), sets)));
    }

    private static JobSpec withRuntime(JobSpec spec, String kind, String json) {
        return spec.toBuilder().setRuntimeKind(kind).setRuntimeJson(json).build();
    }

    private static JobSpec spec(JobFile file) {
        return JobSpec.newBuilder()
                .setJobId(JOB_ID)
                .setName(file.name())
                .setReplicas(file.mesh().replicas())
                .setShards(file.mesh().shards())
                .setSteps(file.steps())
                .setSeed(file.seed())
                .setData(file.data().toString())
                .setBatch(file.batch())
                .setMicroshards(file.microshards())
                .setCollectivesWithin(file.within())
                .setCollectivesAcross(file.across())
                .setRuntimeKind(file.runtimeKind())
                .setRuntimeJson(file.runtime().json())
                .build();
    }
}
