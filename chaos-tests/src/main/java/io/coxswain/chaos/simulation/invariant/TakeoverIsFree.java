package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/**
 * A change of leaders costs no epoch while all members are alive and nobody else failed; what is
 * adopted is there; and the job's time goes on as it does for everybody.
 */
public final class TakeoverIsFree implements Invariant {
    private static final long SLACK_NANOS = 500_000_000L;
    private static final long SLACK_EACH_NANOS = 1_000_000_000L;

    @Override
    public String name() {
        return "I1 takeover is free";
    }

    private void broken(String text) {
        throw new InvariantViolated(name(), text);
    }

    @Override
    public void takenOver(
            JobHistory job,
            CoordinatorEvent.JobTakenOver event,
            int there,
            int left,
            boolean faultsNear,
            long nowNanos) {
        job.takeovers++;
        time(job, event, nowNanos);
        ViewHistory view = job.activeView();
        if (view == null || view.view().epoch() != event.epoch()) {
            return;
        }
        int members = view.view().members().size();
        if (event.adopted() && (there < members || left > 0)) {
            broken(
                    "epoch "
                            + event.epoch()
                            + " is adopted, but of "
                            + members
                            + " members "
                            + there
                            + " are there, and "
                            + left
                            + " of them have promised a later epoch");
        }
        // A group that workers were forming cannot be: its key-value store ended with the leader.
        boolean formed = false;
        for (long done : view.done) {
            formed |= done > view.view().baseStep();
        }
        boolean forming = job.spec.runtimeReduces() && !formed;
        if (!event.adopted() && there == members && left == 0 && !faultsNear && !forming) {
            broken("all members of epoch " + event.epoch() + " are well, and yet: " + event);
        }
    }

    // A leader that ended before anything was durable may have begun the job's time earlier than
    // the one that counts as the first.
    private void time(JobHistory job, CoordinatorEvent.JobTakenOver event, long nowNanos) {
        long began = nowNanos - event.jobTimeNanos();
        // Before its first view an agent may have heard one word of it, and that very late.
        boolean viewed = job.views.values().stream().anyMatch(view -> view.active);
        if (event.reason().contains("is not observed") || !viewed) {
            job.begunNanos = began;
            job.observed = false;
            return;
        }
        long late = SLACK_NANOS + job.takeovers * SLACK_EACH_NANOS;
        if (began < job.earliestNanos - SLACK_NANOS || began > job.begunNanos + late) {
            broken(
                    "the job's time began at "
                            + began / 1_000_000
                            + " ms for this leader, and between "
                            + job.earliestNanos / 1_000_000
                            + " and "
                            + job.begunNanos / 1_000_000
                            + " ms for those before: "
                            + event);
        }
    }

    @Override
    public void begun(JobHistory job, long nowNanos) {
        job.earliestNanos = Math.min(job.earliestNanos, nowNanos);
        job.begunNanos = nowNanos;
    }
}
