package io.coxswain.coordinator.core.view;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.model.StepPlan.Kind;
import io.coxswain.coordinator.core.model.StepPlan.Operation;
import io.coxswain.coordinator.core.model.View;

import java.util.ArrayList;
import java.util.List;

/**
 * Compiles a step into a small dataflow program, once per view and rank (design §5).
 *
 * <pre>
 * EXECUTE → REDUCE → APPLY → GATHER
 *                      └──→ SNAPSHOT → DIGEST → REPLICATE     (at multiples of protect.every; the last two in the background)
 * </pre>
 *
 * The snapshot is foreground since the next apply would overwrite what it copies; digest and
 * replication read the slot only. A plan has REPLICATE even while its rank has no copy duty, since
 * placements change within a view; with {@code copies: 0} it has none. Where the runtime reduces
 * between ranks itself, EXECUTE makes the step whole, the update included:
 *
 * <pre>
 * EXECUTE → SNAPSHOT → DIGEST → REPLICATE
 * </pre>
 */
public final class StepPlanCompiler {
    /** Everybody's first operation. */
    private static final int EXECUTE = 0;

    private final long epoch;
    private final int reportEvery;
    private final MicroshardCut cut;

    /** What follows on EXECUTE: the same for all ranks. */
    private final List<Operation> common;

    /**
     * For the ranks of {@code view}, with the job's own snapshot interval.
     *
     * @param reportEvery progress runs are cut at multiples of this step; at least 1
     */
    public StepPlanCompiler(JobSpec spec, View view, int reportEvery) {
        this(spec, view, reportEvery, spec.protectEvery());
    }

    /**
     * For the ranks of {@code view}.
     *
     * @param snapshotEvery snapshots at multiples of this step; at least 1
     * @param reportEvery progress runs are cut at multiples of this step; at least 1
     */
    public StepPlanCompiler(JobSpec spec, View view, int reportEvery, int snapshotEvery) {
        if (snapshotEvery < 1) {
            throw new IllegalArgumentException(
                    "snapshotEvery is " + snapshotEvery + "; it must be at least 1 step");
        }
        if (reportEvery < 1) {
            throw new IllegalArgumentException(
                    "reportEvery is " + reportEvery + "; it must be at least 1 step");
        }
        epoch = view.epoch();
        this.reportEvery = reportEvery;
        cut = new MicroshardCut(spec.microshards(), view.mesh().ranks());
        boolean agentCollectives = !spec.runtimeReduces();
        var plan = new Builder();
        int made = EXECUTE;
        if (agentCollectives) {
            int reduced = plan.add(Kind.REDUCE, EXECUTE, false, 1);
            made = plan.add(Kind.APPLY, reduced, false, 1);
            plan.add(Kind.GATHER, made, false, 1);
        }
        int snapshot = plan.add(Kind.SNAPSHOT, made, false, snapshotEvery);
        int digest = plan.add(Kind.DIGEST, snapshot, true, snapshotEvery);
        if (spec.protectCopies() > 0) {
            plan.add(Kind.REPLICATE, digest, true, snapshotEvery);
        }
        common = List.copyOf(plan.operations);
    }

    /** The plan of {@code rank}. */
    public StepPlan compile(int rank) {
        if (rank < 0 || rank >= cut.ranks()) {
            throw new IllegalArgumentException(
                    "view " + epoch + " has ranks 0.." + (cut.ranks() - 1) + ", not " + rank);
        }
        var operations = new ArrayList<Operation>(1 + common.size());
        operations.add(
                new Operation(
                        EXECUTE, Kind.EXECUTE, List.of(), false, 1, cut.from(rank), cut.to(rank)));
        operations.addAll(common);
        return new StepPlan(epoch, rank, operations, reportEvery);
    }

    @Override
    public String toString() {
        return "plans of epoch " + epoch + ", reports every " + reportEvery + " steps";
    }

    private static final class Builder {
        private final List<Operation> operations = new ArrayList<>();

        int add(Kind kind, int dependsOn, boolean background, int every) {
            int id = EXECUTE + 1 + operations.size();
            operations.add(new Operation(id, kind, List.of(dependsOn), background, every, 0, 0));
            return id;
        }
    }
}
