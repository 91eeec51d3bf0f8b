package io.coxswain.chaos.cluster;

import io.coxswain.chaos.checker.Evidence;
import io.coxswain.chaos.checker.Reference;
import io.coxswain.chaos.scenario.Setup;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Fault-free runs, made once for each job: on one agent, since the result does not depend on the
 * mesh. Thread-safe.
 */
final class Baseline {
    private static final Map<String, Reference> KNOWN = new ConcurrentHashMap<>();

    private Baseline() {}

    /**
     * The reference of the setup's job; runs it if need be.
     *
     * @throws IllegalStateException if the job does not even complete without faults
     */
    static Reference of(Setup setup, Path folder, Path arenas) {
        var sets = new TreeMap<>(setup.sets());
        sets.put("mesh.replicas", "1");
        sets.put("mesh.shards", "1");
        sets.put("protect.copies", "0");
        sets.put("runtime.minStepMillis", "0");
        sets.remove("protect.every");
        sets.remove("protect.returnWait");
        return KNOWN.computeIfAbsent(
                setup.job().toAbsolutePath() + " " + sets,
                _ -> run(setup.job(), sets, folder, arenas));
    }

    private static Reference run(Path job, Map<String, String> sets, Path folder, Path arenas) {
        Setup alone = new Setup(job, sets, 0, 1, Setup.SESSION, Setup.LIMIT, 1, false);
        try (Cluster cluster = Cluster.builder(alone).folder(folder).arenas(arenas).start()) {
            Evidence evidence = cluster.play(List.of()).evidence();
            JobReport report = evidence.report();
            if (report == null || !report.completed()) {
                throw new IllegalStateException(
                        "the job does not complete even without faults: "
                                + evidence.reason()
                                + "; logs: "
                                + folder);
            }
            return new Reference(report.finalDigest(), report.finalLoss());
        } catch (ConfigException | EnvironmentException e) {
            throw new IllegalStateException("the fault-free run failed: " + e.getMessage(), e);
        }
    }
}
