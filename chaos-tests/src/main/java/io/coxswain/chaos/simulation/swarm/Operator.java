package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.process.World;
import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.SubmitOutcome;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whoever gives orders: says each to whoever leads, and says it again until a leader has answered
 * it, as the commands do. A newer order about a job takes the place of one that is not answered
 * yet.
 */
final class Operator {
    private static final long AGAIN_NANOS = 500_000_000L;

    private final World world;

    /** By job. */
    private final Map<String, Wish> wishes = new HashMap<>();

    private boolean home;

    /** One order about one job, until it is answered. */
    private static final class Wish {
        private final Order.Kind kind;
        private final JobHistory job;
        private boolean answered;

        Wish(Order.Kind kind, JobHistory job) {
            this.kind = kind;
            this.job = job;
        }
    }

    Operator(World world) {
        this.world = world;
    }

    void plan(List<Order> orders) {
        for (Order order : orders) {
            world.kernel()
                    .at(
                            order.atNanos(),
                            "order",
                            () -> {
                                if (home) {
                                    return;
                                }
                                if (order.kind() == Order.Kind.QUEUE) {
                                    world.queueNext();
                                } else {
                                    begin(order.kind(), world.newestJob());
                                }
                            });
        }
    }

    /** Nobody wants a job to stand any more. */
    void goHome() {
        home = true;
        for (JobHistory job : List.copyOf(world.jobs())) {
            if (!job.over()) {
                begin(Order.Kind.RESUME, job);
            }
        }
    }

    private void begin(Order.Kind kind, JobHistory job) {
        var next = new Wish(kind, job);
        world.kernel()
                .trace()
                .turn(world.now(), "operator", "wants", kind + " of " + next.job.spec().jobId());
        if (kind == Order.Kind.RESUME || kind == Order.Kind.CANCEL) {
            world.facts().mayStep(next.job);
        }
        wishes.put(job.spec().jobId(), next);
        say(next);
    }

    private boolean isNewest(Wish mine) {
        return mine.equals(wishes.get(mine.job.spec().jobId()));
    }

    private void say(Wish mine) {
        if (mine.answered || !isNewest(mine) || mine.job.over()) {
            return;
        }
        SimCoordinator leader = world.leader();
        if (leader != null) {
            String jobId = mine.job.spec().jobId();
            switch (mine.kind) {
                case PAUSE -> leader.pause(jobId, outcome -> paused(mine, outcome));
                case RESUME -> leader.resume(jobId, outcome -> resumed(mine, outcome));
                case SUBMIT -> leader.submit(mine.job.spec(), outcome -> submitted(mine, outcome));
                case CANCEL -> leader.cancel(jobId, outcome -> cancelled(mine, outcome));
                case QUEUE -> throw new IllegalStateException("it is about no job");
            }
        }
        world.kernel().after(AGAIN_NANOS, "order?", () -> say(mine));
    }

    private void paused(Wish mine, PauseOutcome outcome) {
        switch (outcome) {
            case PauseOutcome.Paused(String _, long step, boolean _) -> {
                if (!mine.answered && isNewest(mine)) {
                    world.facts().stands(mine.job, step);
                }
                mine.answered = true;
            }
            case PauseOutcome.Resumed other ->
                    world.facts().broken("I1", "asked to pause, answered " + other);
            case PauseOutcome.Refused(String reason) -> refused(mine, reason);
        }
    }

    private void resumed(Wish mine, PauseOutcome outcome) {
        switch (outcome) {
            case PauseOutcome.Resumed _ -> mine.answered = true;
            case PauseOutcome.Paused other ->
                    world.facts().broken("I1", "asked to resume, answered " + other);
            case PauseOutcome.Refused(String reason) -> refused(mine, reason);
        }
    }

    private void submitted(Wish mine, SubmitOutcome outcome) {
        switch (outcome) {
            case SubmitOutcome.Accepted(String id) -> same(mine, id);
            case SubmitOutcome.Queued(String id, int _) -> same(mine, id);
            case SubmitOutcome.Refused(String reason) -> refused(mine, reason);
        }
    }

    private void same(Wish mine, String id) {
        mine.answered = true;
        if (!id.equals(mine.job.spec().jobId())) {
            world.facts().broken("I1", "submitted again, the job is now " + id);
        }
    }

    private void cancelled(Wish mine, CancelOutcome outcome) {
        switch (outcome) {
            case CancelOutcome.Cancelled _ -> {
                mine.answered = true;
                if (!mine.job.over()) {
                    world.facts()
                            .broken(
                                    "I1",
                                    mine.job.spec().jobId()
                                            + " is said to be cancelled, and its end is not"
                                            + " durable");
                }
            }
            case CancelOutcome.Refused(String reason) -> refused(mine, reason);
        }
    }

    // Whoever does not lead is asked again; a leader has its reasons.
    private static void refused(Wish mine, String reason) {
        boolean again =
                reason.contains("does not lead")
                        || reason.contains("leadership was lost")
                        || reason.contains("there is no job");
        mine.answered |= !again;
    }
}
