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
 * placements change within a view; with {@code copies: 0} it has none. Without agent collectives
 * the runtime reduces and gathers itself, within EXECUTE and APPLY.
 */
public final class StepPlanCompiler {
    private StepPlanCompiler() {}

    /**
     * The plan of {@code rank} in {@code view}.
     *
     * @param reportEvery progress runs are cut at multiples of this step; at least 1
     */
    public static StepPlan compile(JobSpec spec, View view, int rank, int reportEvery) {
        int ranks = view.mesh().ranks();
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException(
                    "view " + view.epoch() + " has ranks 0.." + (ranks - 1) + ", not " + rank);
        }
        if (reportEvery < 1) {
            throw new IllegalArgumentException(
                    "reportEvery is " + reportEvery + "; it must be at least 1 step");
        }
        var cut = new MicroshardCut(spec.microshards(), ranks);
        boolean agentCollectives = spec.collectivesAcross().equals("agent");
        var plan = new Builder();
        int execute = plan.add(Kind.EXECUTE, List.of(), false, 1, cut.from(rank), cut.to(rank));
        int gradients =
                agentCollectives
                        ? plan.add(Kind.REDUCE, List.of(execute), false, 1, 0, 0)
                        : execute;
        int apply = plan.add(Kind.APPLY, List.of(gradients), false, 1, 0, 0);
        if (agentCollectives) {
            plan.add(Kind.GATHER, List.of(apply), false, 1, 0, 0);
        }
        int snapshot = plan.add(Kind.SNAPSHOT, List.of(apply), false, spec.protectEvery(), 0, 0);
        int digest = plan.add(Kind.DIGEST, List.of(snapshot), true, spec.protectEvery(), 0, 0);
        if (spec.protectCopies() > 0) {
            plan.add(Kind.REPLICATE, List.of(digest), true, spec.protectEvery(), 0, 0);
        }
        return new StepPlan(view.epoch(), rank, plan.operations, reportEvery);
    }

    private static final class Builder {
        private final List<Operation> operations = new ArrayList<>();

        int add(
                Kind kind,
                List<Integer> dependsOn,
                boolean background,
                int every,
                int from,
                int to) {
            int id = operations.size();
            operations.add(new Operation(id, kind, dependsOn, background, every, from, to));
            return id;
        }
    }
}
