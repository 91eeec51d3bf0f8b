package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingJob;

/**
 * Checks that a job is one that its bundle was exported for: what a worker checks when it loads the
 * job, for those who want to know before.
 */
public final class JobCheck {
    private JobCheck() {}

    /**
     * Looks into the data, at names, types and shapes only.
     *
     * @param data path or {@code file:} URI
     * @throws RuntimeFault with {@link RuntimeFault.Code#DATA_UNREADABLE}, naming the array
     */
    public static void checkData(String data, ProgramBundle bundle) throws RuntimeFault {
        TrainingData.open(data, bundle).close();
    }

    /**
     * Compares the job's numbers with the bundle's.
     *
     * @throws RuntimeFault with {@link RuntimeFault.Code#PROGRAM_INVALID}, naming the field
     */
    public static void check(TrainingJob job, ProgramBundle bundle) throws RuntimeFault {
        if (job.batch() != bundle.batch()) {
            throw wrong(
                    "field `batch` is %d, and bundle %s was exported for %d samples: set `batch: %d`, or export it for another batch"
                            .formatted(
                                    job.batch(), bundle.folder(), bundle.batch(), bundle.batch()));
        }
        if (!bundle.isPair()) {
            checkFused(job, bundle);
            return;
        }
        if (job.microshards() != bundle.microshards()) {
            throw wrong(
                    "field `microshards` is %d, and bundle %s takes microshards of %d samples: set `microshards: %d`, or export it for another `microshard_samples`"
                            .formatted(
                                    job.microshards(),
                                    bundle.folder(),
                                    bundle.microshardSamples(),
                                    bundle.microshards()));
        }
        if (bundle.apply(job.shards()).isEmpty()) {
            throw wrong(
                    "field `mesh.shards` is %d, and bundle %s was exported for shards %s: choose one of them, or export it with `--shards %d`"
                            .formatted(
                                    job.shards(),
                                    bundle.folder(),
                                    bundle.exportedShards(),
                                    job.shards()));
        }
    }

    private static void checkFused(TrainingJob job, ProgramBundle bundle) throws RuntimeFault {
        if (job.ranks() != 1 || job.microshards() != 1) {
            throw wrong(
                    "bundle %s has a fused step, which runs on one rank with one microshard; the job has %d×%d ranks and %d microshards: set `mesh: {replicas: 1, shards: 1}` and `microshards: 1`, or export grads and apply"
                            .formatted(
                                    bundle.folder(),
                                    job.replicas(),
                                    job.shards(),
                                    job.microshards()));
        }
    }

    private static RuntimeFault wrong(String what) {
        return new RuntimeFault(RuntimeFault.Code.PROGRAM_INVALID, what);
    }
}
