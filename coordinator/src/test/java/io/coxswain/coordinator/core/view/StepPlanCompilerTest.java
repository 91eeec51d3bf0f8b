package io.coxswain.coordinator.core.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.model.StepPlan.Kind;
import io.coxswain.coordinator.core.model.StepPlan.Operation;
import io.coxswain.coordinator.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

class StepPlanCompilerTest {
    private static View viewOf(JobSpec job) {
        var members = new ArrayList<AgentProfile>();
        for (int i = 0; i < job.mesh().ranks(); i++) {
            members.add(Samples.agent("a" + i, "r" + i));
        }
        return Samples.view(3, job.mesh(), members);
    }

    @Test
    void aStepIsExecuteReduceApplyGatherWithTheSnapshotBehindApply() {
        JobSpec job = Samples.job(2, 2, 1, 1);
        StepPlan plan = new StepPlanCompiler(job, viewOf(job), 10).compile(1);

        assertThat(plan.epoch()).isEqualTo(3);
        assertThat(plan.rank()).isEqualTo(1);
        assertThat(plan.reportEvery()).isEqualTo(10);
        assertThat(plan.operations())
                .extracting(Operation::kind, Operation::dependsOn, Operation::background)
                .containsExactly(
                        tuple(Kind.EXECUTE, List.of(), false),
                        tuple(Kind.REDUCE, List.of(0), false),
                        tuple(Kind.APPLY, List.of(1), false),
                        tuple(Kind.GATHER, List.of(2), false),
                        tuple(Kind.SNAPSHOT, List.of(2), false),
                        tuple(Kind.DIGEST, List.of(4), true),
                        tuple(Kind.REPLICATE, List.of(5), true));
        assertThat(plan.operations().getFirst().microshardFrom()).isEqualTo(2);
        assertThat(plan.operations().getFirst().microshardTo()).isEqualTo(4);
    }

    @Test
    void whereTheRuntimeReducesAStepIsMadeWhole() {
        JobSpec job = Samples.runtimeReduces(Samples.job(2, 1, 1, 1));

        assertThat(new StepPlanCompiler(job, viewOf(job), 10).compile(1).operations())
                .extracting(Operation::kind, Operation::dependsOn, Operation::background)
                .containsExactly(
                        tuple(Kind.EXECUTE, List.of(), false),
                        tuple(Kind.SNAPSHOT, List.of(0), false),
                        tuple(Kind.DIGEST, List.of(1), true),
                        tuple(Kind.REPLICATE, List.of(2), true));
    }

    @Test
    void operationsFollowWhatTheyDependOn() {
        JobSpec job = Samples.job(1, 3, 2, 1);
        for (int rank = 0; rank < 3; rank++) {
            var seen = new HashSet<Integer>();
            for (Operation operation :
                    new StepPlanCompiler(job, viewOf(job), 1).compile(rank).operations()) {
                assertThat(seen).containsAll(operation.dependsOn());
                assertThat(seen.add(operation.id())).isTrue();
            }
        }
    }

    @Test
    void withoutCopiesNothingIsReplicated() {
        JobSpec job = Samples.job(2, 1, 0, 1);
        assertThat(new StepPlanCompiler(job, viewOf(job), 1).compile(0).operations())
                .extracting(Operation::kind)
                .contains(Kind.SNAPSHOT, Kind.DIGEST)
                .doesNotContain(Kind.REPLICATE);
    }

    @Test
    void aRankOutsideTheViewIsRefused() {
        JobSpec job = Samples.job(2, 1, 0, 1);
        assertThatThrownBy(() -> new StepPlanCompiler(job, viewOf(job), 1).compile(2))
                .hasMessage("view 3 has ranks 0..1, not 2");
        assertThatThrownBy(() -> new StepPlanCompiler(job, viewOf(job), 0).compile(0))
                .hasMessageContaining("at least 1");
    }
}
