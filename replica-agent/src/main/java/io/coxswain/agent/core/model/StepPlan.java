package io.coxswain.agent.core.model;

import java.util.List;

/**
 * A step as a dataflow program for one rank, compiled once per view.
 *
 * @param operations in an order that respects their dependencies
 * @param reportEvery progress runs are cut at multiples of this step
 */
public record StepPlan(long epoch, List<Operation> operations, int reportEvery) {
    /** What an operation does, and who does it. */
    public enum Kind {
        /** Worker: gradients of this rank's microshards. */
        EXECUTE,
        /** Agents: reduce-scatter to the shards' owners. */
        REDUCE,
        /** Worker: optimizer update of the own shard. */
        APPLY,
        /** Agents: all-gather of parameters. */
        GATHER,
        /** Worker: copy live state into a slot. */
        SNAPSHOT,
        /** Agent: stream the snapshot to its holders. */
        REPLICATE,
        /** Worker: CRCs and digest of the snapshot, then the commit mark. */
        DIGEST
    }

    /**
     * {@code every}: runs at steps that are multiples of it. {@code background}: the step does not
     * wait for it.
     */
    public record Operation(
            int id,
            Kind kind,
            List<Integer> dependsOn,
            boolean background,
            int every,
            int microshardFrom,
            int microshardTo) {
        public Operation {
            dependsOn = List.copyOf(dependsOn);
        }
    }

    public StepPlan {
        operations = List.copyOf(operations);
    }
}
