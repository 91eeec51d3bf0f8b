package io.coxswain.agent.core;

import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

/**
 * The leader's order to stop after a step, since it plans a new view: no step is cut short for it,
 * and none has to be made again. Grants take it back.
 */
final class StepStop {
    private final Station at;

    /** 0: there is none. */
    private long number;

    private String jobId = "";
    private long epoch;
    private long through;
    private boolean hold;
    private boolean stood;
    private boolean heldTold;

    /** Copied into a slot for this order alone: the other ranks have no snapshot of that step. */
    private @Nullable StateName copied;

    StepStop(Station at) {
        this.at = at;
    }

    /** Answered at once, with all that was made. */
    void ordered(AgentEvent.HaltOrdered order) {
        if (!at.isRunning(order.jobId(), order.epoch())) {
            return;
        }
        number = order.number();
        jobId = order.jobId();
        epoch = order.epoch();
        hold = order.hold();
        stood = false;
        heldTold = false;
        through = at.stepping.stopAfter(order.after());
        tellAll();
        tell(false);
    }

    /** It may have come to where it stops, or its state into a slot. */
    void settle(ViewDesk views) {
        if (number == 0 || !at.stepping.stands()) {
            return;
        }
        if (!stood) {
            stood = true;
            tellAll();
        }
        StateName live = at.worker.live();
        if (!hold || heldTold || live == null) {
            return;
        }
        if (at.baseWanted == null && !at.vault.holds(live)) {
            at.baseWanted = live;
            copied = live;
        }
        views.snapshotBase();
        if (at.vault.isCommitted(live)) {
            heldTold = true;
            tell(true);
        }
    }

    /** Of all that was made since it last did. */
    void tellAll() {
        at.progress.cut();
        at.out.steps(at.stepping.takeUnsent());
    }

    private void tell(boolean held) {
        at.out.report(new AgentReport.StepsHalted(jobId, epoch, number, through, held));
    }

    /**
     * Steps go on after all. Slots are for the snapshots that all ranks take: what this one took
     * besides is given up, and what it gave up for that it has missed.
     */
    void takenBack() {
        StateName own = copied;
        clear();
        if (own == null) {
            return;
        }
        if (own.equals(at.baseWanted)) {
            at.baseWanted = null;
        }
        at.vault.giveUp(own);
        at.stepping.noteMissedSnapshots();
    }

    /** The view is over. */
    void clear() {
        number = 0;
        copied = null;
    }
}
