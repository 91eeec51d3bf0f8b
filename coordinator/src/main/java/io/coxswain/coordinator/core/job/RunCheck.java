package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.SampleCountRule;

/**
 * What every report of steps must say: as many samples as the rank's share, and the digest that the
 * other replicas of the shard have. Where agents reduce, anything else is impossible (I2, I6).
 * Where the runtime reduces it is the program's fault, and the job fails.
 */
final class RunCheck {
    private final Job job;
    private final DigestWindow digests;
    private final long[] samplesPerStep;

    RunCheck(Job job, DigestWindow digests) {
        this.job = job;
        this.digests = digests;
        Mesh mesh = job.spec.mesh();
        samplesPerStep = new long[mesh.ranks()];
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            samplesPerStep[rank] = SampleCountRule.samplesPerStep(job.spec, rank);
        }
    }

    /** False if the job has failed by it. */
    boolean holds(View view, int rank, StepRun run) {
        long expected = samplesPerStep[rank] * (run.last() - run.first() + 1);
        if (run.samples() != expected) {
            return broken(
                    "I6",
                    "rank "
                            + rank
                            + " of epoch "
                            + view.epoch()
                            + " consumed "
                            + run.samples()
                            + " samples in steps "
                            + run.first()
                            + ".."
                            + run.last()
                            + ", its share is "
                            + expected,
                    "a program takes the samples that it is given");
        }
        int shard = view.mesh().shardOf(rank);
        Digest before = digests.note(shard, run.digestStep(), run.digest());
        if (!before.agreesWith(run.digest())) {
            return broken(
                    "I2",
                    "shard "
                            + shard
                            + " has two digests after step "
                            + run.digestStep()
                            + ": "
                            + before.hex()
                            + " and, from rank "
                            + rank
                            + " of epoch "
                            + view.epoch()
                            + ", "
                            + run.digest().hex(),
                    "all replicas of a shard of a program that reduces by itself must hold the same"
                            + " state, to the bit: what differs between them must be made equal,"
                            + " declared per rank, or left out of the state");
        }
        return true;
    }

    private boolean broken(String invariant, String what, String advice) {
        if (!job.spec.runtimeReduces()) {
            throw new InvariantBroken(invariant, what + "; " + job.describe());
        }
        job.finishing.fail(what + "; " + advice);
        return false;
    }
}
