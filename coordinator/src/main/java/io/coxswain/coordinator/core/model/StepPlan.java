package io.coxswain.coordinator.core.model;

import java.util.List;

/** A step as a dataflow program for one rank, compiled once per view. */
public record StepPlan(long epoch, int rank, List<Operation> operations, int reportEvery) {
    /** What an operation does, and who does it. */
    public enum Kind {
        EXECUTE,
        REDUCE,
        APPLY,
        GATHER,
        SNAPSHOT,
        REPLICATE,
        DIGEST
    }

    /**
     * {@code every}: runs at steps that are multiples of it. Microshards only for EXECUTE, [from,
     * to).
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
