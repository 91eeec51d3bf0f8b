package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Some steps of a job in this process alone: shows that its runtime, its data and shared memory
 * work here.
 */
public final class SoloCheck {
    private static final int LIMIT_SECONDS = 60;

    private SoloCheck() {}

    /**
     * Makes the steps.
     *
     * @param arenas folder for shared memory
     * @throws EnvironmentException with what does not work
     */
    public static void run(Path job, Path arenas, int steps)
            throws ConfigException, EnvironmentException, IOException {
        var settings = new BenchSettings(job, arenas, null, LIMIT_SECONDS, _ -> {});
        JobFile read = settings.job(Map.of());
        try (var memory = new ScratchArenas(settings);
                var trainer = new SoloTrainer(read, memory)) {
            for (int step = 0; step < steps; step++) {
                trainer.step();
            }
        }
    }
}
