package io.coxswain.chaos.checker;

import io.coxswain.bridge.reference.ReferenceConfig;
import io.coxswain.bridge.reference.Stall;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.coordinator.core.model.JobSpec;

import java.util.List;

/**
 * What the job was asked to do.
 *
 * @param steps in all
 * @param batch samples per step
 * @param ranks of its mesh; 0: not known
 * @param stalls steps that its runtime was told to take longer for
 */
public record JobFacts(long steps, int batch, int ranks, List<Stall> stalls) {
    public JobFacts {
        stalls = List.copyOf(stalls);
    }

    /** Those of a job. */
    public static JobFacts of(JobSpec job) {
        return new JobFacts(job.steps(), job.batch(), job.mesh().ranks(), stalls(job));
    }

    // Other runtimes than the reference have no stalls to order.
    private static List<Stall> stalls(JobSpec job) {
        if (!job.runtimeKind().equals(ReferenceConfig.KIND)) {
            return List.of();
        }
        try {
            return ReferenceConfig.parse(job.runtimeJson()).stalls();
        } catch (RuntimeFault unreadable) {
            throw new IllegalArgumentException(
                    "the job file's reader let a runtime section pass", unreadable);
        }
    }

    /** A job without stalls, whose mesh does not matter. */
    public JobFacts(long steps, int batch) {
        this(steps, batch, 0, List.of());
    }
}
