package io.coxswain.chaos.simulation.invariant;

import java.util.List;

/** No step mixes views; a view starts when all its members are ready. */
public final class OneViewPerStep implements Invariant {
    @Override
    public String name() {
        return "I7 one view per step";
    }

    @Override
    public void reduced(
            JobHistory job, ViewHistory view, int rank, long step, List<Part> parts, long floor) {
        for (Part part : parts) {
            if (part.epoch() != view.view.epoch()
                    || !view.view.members().get(part.rank()).key().equals(part.sender())) {
                throw new InvariantViolated(
                        name(),
                        "step " + step + " of epoch " + view.view.epoch() + " takes in " + part);
            }
        }
    }

    @Override
    public void startSent(JobHistory job, long epoch, long through, boolean recorded) {
        ViewHistory view = job.of(epoch);
        if (view == null) {
            throw new InvariantViolated(name(), "epoch " + epoch + " starts and was not planned");
        }
        for (int rank = 0; rank < view.prepared.length; rank++) {
            if (!view.prepared[rank]) {
                throw new InvariantViolated(
                        name(), "epoch " + epoch + " starts before rank " + rank + " is ready");
            }
        }
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
        if (!view.active) {
            throw new InvariantViolated(
                    name(),
                    agent
                            + " makes step "
                            + step
                            + " of epoch "
                            + view.view.epoch()
                            + ", which is not active");
        }
    }
}
