package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.LineageSegment;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StepPlan;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** What the machine asks of its worker on the main channel: answered in order, once each. */
public sealed interface WorkerRequest {
    /** Load program and data, compile, warm up. */
    record LoadJob(JobSpec job) implements WorkerRequest {}

    /** Where a worker's state of a new view comes from. */
    enum Origin {
        INIT,
        KEEP_LIVE,
        SLOT
    }

    /**
     * Take a rank.
     *
     * @param region name of this worker's region file
     * @param source the slot to load, null unless {@code origin} is SLOT
     * @param digest expected of the slot
     * @param host where other ranks' workers reach this host
     * @param masterHost where they reach the host of rank 0
     */
    record Prepare(
            StepPlan plan,
            long epoch,
            int rank,
            int replicas,
            int shards,
            long baseStep,
            String region,
            Origin origin,
            @Nullable SlotRef source,
            Digest digest,
            String host,
            String masterHost)
            implements WorkerRequest {}

    /** Compute the gradients of {@code step}; with a plan that has no apply, make the step. */
    record Execute(long epoch, long step) implements WorkerRequest {}

    /**
     * Update the own shard; copy the live state into {@code snapshotSlot} of the region unless it
     * is -1.
     */
    record Apply(long epoch, long step, int snapshotSlot) implements WorkerRequest {}

    /** Copy the live state into a slot of the region. */
    record Snapshot(long epoch, long step, int slot) implements WorkerRequest {}

    /** Digest tree, counts and (where asked) evaluation. */
    record Finish(long epoch, long step, boolean evaluate, List<LineageSegment> lineage)
            implements WorkerRequest {
        public Finish {
            lineage = List.copyOf(lineage);
        }
    }
}
