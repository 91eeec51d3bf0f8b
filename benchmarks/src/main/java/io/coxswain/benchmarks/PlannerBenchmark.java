package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.placement.PlacementDecision;
import io.coxswain.coordinator.core.placement.PlacementPlanner;
import io.coxswain.coordinator.core.placement.PlacementProblem;
import io.coxswain.coordinator.core.recovery.RecoveryDecision;
import io.coxswain.coordinator.core.recovery.RecoveryPlanner;
import io.coxswain.coordinator.core.recovery.RecoveryProblem;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Whole plans a second: the recovery after one death, and the placement of the view after it. */
@State(Scope.Thread)
public class PlannerBenchmark extends CoreBenchmark {
    @Param({"64", "1024"})
    public int ranks;

    private RecoveryProblem recovery;
    private PlacementProblem placement;

    @Setup(Level.Trial)
    public void record() {
        var recorder = new JobRecorder(Scene.STORM, ranks);
        recovery = recorder.recoveryProblem();
        placement = recorder.placementProblem();
        if (!(recoveryPlan() instanceof RecoveryDecision.Recover plan)) {
            throw new IllegalStateException("no recovery follows from the recording");
        }
        System.out.println("# " + plan.reason().text());
    }

    @Benchmark
    public RecoveryDecision recoveryPlan() {
        return RecoveryPlanner.plan(recovery);
    }

    @Benchmark
    public PlacementDecision placementPlan() {
        return PlacementPlanner.plan(placement);
    }
}
