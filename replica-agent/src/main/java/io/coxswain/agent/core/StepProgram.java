package io.coxswain.agent.core;

import io.coxswain.agent.core.model.StepPlan;

import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A step plan as arrays and bit masks: which operation may start once which others are done. */
final class StepProgram {
    private static final int MOST_OPERATIONS = 64;

    /** What a step has where agents reduce. */
    private static final List<StepPlan.Kind> EXCHANGE =
            List.of(StepPlan.Kind.REDUCE, StepPlan.Kind.APPLY, StepPlan.Kind.GATHER);

    private final StepPlan.Kind[] kinds;
    private final long[] dependencies;
    private final boolean[] background;
    private final int[] every;
    private final int reportEvery;
    private final boolean whole;

    /**
     * @throws IllegalArgumentException with words for a person if this agent cannot run the plan
     */
    StepProgram(StepPlan plan) {
        List<StepPlan.Operation> operations = plan.operations();
        int n = operations.size();
        if (n > MOST_OPERATIONS) {
            throw new IllegalArgumentException(
                    "a step plan has at most "
                            + MOST_OPERATIONS
                            + " operations, this one has "
                            + n);
        }
        kinds = new StepPlan.Kind[n];
        dependencies = new long[n];
        background = new boolean[n];
        every = new int[n];
        reportEvery = Math.max(1, plan.reportEvery());
        Map<Integer, Integer> indexOf = new HashMap<>();
        Map<StepPlan.Kind, Integer> count = new EnumMap<>(StepPlan.Kind.class);
        for (int i = 0; i < n; i++) {
            StepPlan.Operation operation = operations.get(i);
            kinds[i] = operation.kind();
            background[i] = operation.background();
            every[i] = Math.max(1, operation.every());
            count.merge(operation.kind(), 1, Integer::sum);
            for (int dependency : operation.dependsOn()) {
                Integer index = indexOf.get(dependency);
                if (index == null) {
                    throw new IllegalArgumentException(
                            "operation "
                                    + operation.id()
                                    + " of the step plan depends on "
                                    + dependency
                                    + ", which does not come before it");
                }
                dependencies[i] |= 1L << index;
            }
            indexOf.put(operation.id(), i);
        }
        whole = Collections.disjoint(count.keySet(), EXCHANGE);
        if (count.getOrDefault(StepPlan.Kind.EXECUTE, 0) != 1) {
            throw new IllegalArgumentException(
                    "a step plan has exactly one EXECUTE, this one has "
                            + count.getOrDefault(StepPlan.Kind.EXECUTE, 0));
        }
        for (StepPlan.Kind kind : EXCHANGE) {
            if (!whole && count.getOrDefault(kind, 0) != 1) {
                throw new IllegalArgumentException(
                        "with agent collectives a step plan has exactly one "
                                + kind
                                + ", this one has "
                                + count.getOrDefault(kind, 0)
                                + "; with those of the runtime it has none of "
                                + EXCHANGE);
            }
        }
        if (count.getOrDefault(StepPlan.Kind.SNAPSHOT, 0) > 1) {
            throw new IllegalArgumentException(
                    "a step plan has at most one SNAPSHOT, this one has "
                            + count.getOrDefault(StepPlan.Kind.SNAPSHOT, 0));
        }
    }

    int reportEvery() {
        return reportEvery;
    }

    /**
     * The worker makes the step whole, in EXECUTE: gradients, their reduction among the ranks'
     * workers, update.
     */
    boolean isWhole() {
        return whole;
    }

    /** With which operation the state of a step is made; its snapshot comes with that or after. */
    StepPlan.Kind maker() {
        return whole ? StepPlan.Kind.EXECUTE : StepPlan.Kind.APPLY;
    }

    int size() {
        return kinds.length;
    }

    StepPlan.Kind kind(int operation) {
        return kinds[operation];
    }

    /**
     * The operations that run in that step, as bits.
     *
     * @param snapshotEvery for a snapshot and what follows on it, instead of what the plan has
     */
    long activeAt(long step, int snapshotEvery) {
        long active = 0;
        for (int i = 0; i < kinds.length; i++) {
            int interval = isOfSnapshot(kinds[i]) ? Math.max(1, snapshotEvery) : every[i];
            if (step % interval == 0) {
                active |= 1L << i;
            }
        }
        return active;
    }

    private static boolean isOfSnapshot(StepPlan.Kind kind) {
        return switch (kind) {
            case SNAPSHOT, DIGEST, REPLICATE -> true;
            case EXECUTE, REDUCE, APPLY, GATHER -> false;
        };
    }

    /** The operations that a step waits for, as bits. */
    long foreground() {
        long bits = 0;
        for (int i = 0; i < kinds.length; i++) {
            if (!background[i]) {
                bits |= 1L << i;
            }
        }
        return bits;
    }

    /** True if all that the operation depends on, of what runs in this step, is done. */
    boolean mayStart(int operation, long active, long done) {
        return (dependencies[operation] & active & ~done) == 0;
    }

    /** The bit of the only operation of that kind, 0 if there is none. */
    long bitOf(StepPlan.Kind kind) {
        for (int i = 0; i < kinds.length; i++) {
            if (kinds[i] == kind) {
                return 1L << i;
            }
        }
        return 0;
    }

    /** Snapshots at multiples of this; 0 if the plan takes none. */
    int snapshotEvery() {
        for (int i = 0; i < kinds.length; i++) {
            if (kinds[i] == StepPlan.Kind.SNAPSHOT) {
                return every[i];
            }
        }
        return 0;
    }
}
