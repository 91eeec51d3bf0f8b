package io.coxswain.chaos.simulation.invariant;

import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.FinalDigestRule;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.Lineage;

import java.util.ArrayList;
import java.util.List;

/**
 * A recovered state is the completed one; every state is the one that the history of its view
 * gives, and the final one, too.
 */
public final class RestoredDigests implements Invariant {
    private static final int DIGEST_HEX = 64;

    @Override
    public String name() {
        return "I5 restored digests";
    }

    private void check(JobHistory job, String what, long epoch, int shard, long step, long state) {
        long right = job.truth.hash(epoch, step, shard);
        if (right != state) {
            throw new InvariantViolated(
                    name(),
                    what
                            + " of shard "
                            + shard
                            + " after step "
                            + step
                            + " in epoch "
                            + epoch
                            + " is "
                            + Arena.hex(state)
                            + ", its history gives "
                            + Arena.hex(right));
        }
    }

    @Override
    public void restored(
            JobHistory job,
            String agent,
            ViewHistory view,
            int rank,
            int shard,
            long step,
            long state) {
        if (step != view.view.baseStep()) {
            throw new InvariantViolated(
                    name(),
                    agent + " stands at step " + step + ", not at the base of " + view.view);
        }
        check(job, agent + "'s restored state", view.view.epoch(), shard, step, state);
    }

    @Override
    public void applied(
            JobHistory job,
            String agent,
            ViewHistory view,
            int rank,
            int shard,
            long step,
            long state) {
        check(job, agent + "'s state", view.view.epoch(), shard, step, state);
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        if (!(event instanceof CoordinatorEvent.JobFinished finished) || !finished.completed()) {
            return;
        }
        long epoch = 0;
        for (Lineage.Segment segment : job.lineage.segments(job.spec.steps())) {
            epoch = segment.epoch();
        }
        int shards = job.spec.mesh().shards();
        var parts = new ArrayList<FinalShard>();
        for (int shard = 0; shard < shards; shard++) {
            String hex = Arena.hex(job.truth.hash(epoch, job.spec.steps(), shard));
            parts.add(
                    new FinalShard(
                            epoch,
                            job.spec.steps(),
                            shard,
                            List.of(
                                    new FinalShard.LeafPart(
                                            "w",
                                            0,
                                            shards,
                                            shard,
                                            hex.repeat(DIGEST_HEX / hex.length()),
                                            "00")),
                            false,
                            0,
                            0,
                            0,
                            List.of()));
        }
        var right = FinalDigestRule.combine(job.spec.mesh(), parts);
        if (!right.equals(new FinalDigestRule.Verdict.Combined(finished.finalDigest()))) {
            throw new InvariantViolated(
                    name(),
                    "the final digest is "
                            + finished.finalDigest()
                            + ", the history of the views gives "
                            + right);
        }
    }
}
