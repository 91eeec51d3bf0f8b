package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/** A step completes once per lineage: in one view, made by every rank of it. */
public final class StepsOnce implements Invariant {
    @Override
    public String name() {
        return "I2 steps once";
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
        if (step != view.done[rank] + 1) {
            throw new InvariantViolated(
                    name(),
                    agent
                            + " makes step "
                            + step
                            + " as rank "
                            + rank
                            + " of epoch "
                            + view.view.epoch()
                            + " after step "
                            + view.done[rank]);
        }
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        if (event instanceof CoordinatorEvent.StepsCompleted steps) {
            ViewHistory view = job.of(steps.epoch());
            if (view == null
                    || (steps.step() > view.view.baseStep() && steps.step() > view.completed())) {
                throw new InvariantViolated(
                        name(),
                        coordinator
                                + " says that step "
                                + steps.step()
                                + " of epoch "
                                + steps.epoch()
                                + " is completed, but only "
                                + (view == null ? "nothing" : "step " + view.completed())
                                + " was made by all ranks");
            }
        }
    }
}
