package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.Lineage;

import java.util.List;

/** Every sample counts exactly once in the completed history. */
public final class SamplesOnce implements Invariant {
    @Override
    public String name() {
        return "I6 samples once";
    }

    @Override
    public void reduced(
            JobHistory job, ViewHistory view, int rank, long step, List<Part> parts, long floor) {
        int next = 0;
        for (Part part : parts) {
            if (part.from() != next) {
                throw new InvariantViolated(
                        name(),
                        "step "
                                + step
                                + " of epoch "
                                + view.view.epoch()
                                + " sums microshards "
                                + parts);
            }
            next = part.to();
        }
        if (next != job.spec.microshards()) {
            throw new InvariantViolated(
                    name(), "step " + step + " lacks microshards from " + next + " on");
        }
        view.microshardsReduced.merge(step, 1L, Long::sum);
    }

    @Override
    public void executed(
            JobHistory job, String agent, ViewHistory view, int rank, long step, int from, int to) {
        long ranks = view.view.members().size();
        if (from != (long) rank * job.spec.microshards() / ranks
                || to != (rank + 1L) * job.spec.microshards() / ranks) {
            throw new InvariantViolated(
                    name(),
                    agent + " computes microshards " + from + " to " + to + " as rank " + rank);
        }
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        if (!(event instanceof CoordinatorEvent.JobFinished finished) || !finished.completed()) {
            return;
        }
        long next = 1;
        for (Lineage.Segment segment : job.lineage.segments(job.spec.steps())) {
            ViewHistory view = job.of(segment.epoch());
            for (long step = segment.first(); step <= segment.last(); step++) {
                // One rank that has it proves that every contribution was in.
                long reduced = view == null ? 0 : view.reduced(step);
                if (step != next
                        || view == null
                        || reduced < 1
                        || reduced > view.view.members().size()) {
                    throw new InvariantViolated(
                            name(),
                            "step "
                                    + step
                                    + " of the completed history was not reduced once in"
                                    + " epoch "
                                    + segment.epoch());
                }
                next++;
            }
        }
        if (next != job.spec.steps() + 1) {
            throw new InvariantViolated(name(), "the completed history ends before step " + next);
        }
    }
}
