package io.coxswain.chaos.simulation.invariant;

/**
 * Once it is said that a job stands no step of it is completed until somebody wants it to go on,
 * whoever leads.
 */
public final class PausedStands implements Invariant {
    @Override
    public String name() {
        return "I4 paused stands";
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
        if (!job.stands || view != job.activeView()) {
            return;
        }
        long before = view.done[rank];
        long others = Long.MAX_VALUE;
        for (int each = 0; each < view.done.length; each++) {
            others = each == rank ? others : Math.min(others, view.done[each]);
        }
        long least = Math.min(others, Math.max(before, step));
        // What all had made before is a step that nobody heard of in time: it completes no more.
        if (least > job.stoodAt && least > Math.min(others, before)) {
            throw new InvariantViolated(
                    name(),
                    agent
                            + " completes step "
                            + least
                            + " of epoch "
                            + view.view.epoch()
                            + " of "
                            + job.spec.jobId()
                            + ", which was said to stand after step "
                            + job.stoodAt);
        }
    }
}
