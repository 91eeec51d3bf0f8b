package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Inventory;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Stops everybody, collects what they have, and waits for members' workers that restart. An agent
 * that is lost while inventories are awaited is simply not waited for any more: nothing was planned
 * from this fence yet, so its epoch is still good.
 */
final class Fencing {
    /** How often a fence waits longer for silent agents rather than roll back. */
    private static final int MOST_EXTENSIONS = 2;

    private final Job job;

    /** Members whose workers are awaited in PLANNING. */
    private final TreeSet<AgentKey> restarting = new TreeSet<>();

    private long epoch;
    private int awaited;
    private int extensions;

    /**
     * Steps were running when this fence began: tails and detection are booked when all inventories
     * are in.
     */
    private boolean unbooked;

    private long detectedAtNanos;

    /** What slots did until then, beyond the steps that are told of. */
    private Category undetected = Category.DETECTION;

    Fencing(Job job) {
        this.job = job;
    }

    /** Nobody led before the fence that comes: nobody could have detected anything. */
    void nobodyLed() {
        undetected = Category.CONTROLLER_WAIT;
    }

    /** Fences all attached agents with a new epoch. */
    void begin(String reason) {
        if (job.phase == JobPhase.ACTIVE) {
            unbooked = true;
            detectedAtNanos = job.now;
            job.slots.running(Category.RECOVERY_FENCE);
        } else {
            job.slots.turn(Category.RECOVERY_FENCE, job.now);
        }
        job.preparing.drop();
        job.pausing.viewOver();
        job.losses.forgetAccusations();
        epoch = job.allocateEpoch();
        job.promising(epoch);
        job.incidents.advance(Incident.Phase.FENCE, reason);
        awaited = 0;
        extensions = 0;
        for (Roster.Member member : job.roster.all()) {
            member.answered = false;
            member.awaited = member.fit();
            job.emit(new JobEffect.SendFence(member.key, epoch));
            if (member.awaited) {
                awaited++;
            }
        }
        job.enter(JobPhase.FENCING, reason);
        if (awaited == 0) {
            over();
        } else {
            job.timer(JobEffect.TimerKind.FENCE_LIMIT, epoch, job.limits.fenceNanos());
        }
    }

    /** An agent attached while inventories are awaited; it was fenced if it holds anything. */
    void joined(Roster.Member member) {
        if (!member.answered) {
            member.awaited = true;
            awaited++;
        }
    }

    /** It will not answer this fence. */
    void gone(Roster.Member member) {
        if (member.awaited) {
            answered(member);
        }
    }

    /** The latest instant that counts as stepping in the view that this fence stopped. */
    long steppedUntilNanos() {
        return unbooked ? detectedAtNanos : job.phaseSinceNanos;
    }

    /** An inventory; those from before the newest fence are ghosts. */
    void reported(Roster.Member member, Inventory inventory) {
        job.heardPromise(inventory.promisedEpoch());
        if (inventory.promisedEpoch() < job.promiseEpoch() || job.phase.over()) {
            return;
        }
        boolean first = !member.answered;
        switch (job.phase) {
            case FENCING -> {
                if (take(member, inventory) && member.awaited) {
                    answered(member);
                }
            }
            case WAITING -> {
                if (take(member, inventory) && first && !job.pristine()) {
                    job.preparing.capacityChanged();
                }
            }
            case PLANNING -> take(member, inventory);
            case RETURN_WAIT -> {
                if (take(member, inventory) && first) {
                    job.preparing.plan("agent " + member.key.id() + " said what it holds");
                }
            }
            case PERSISTING, PREPARING, ACTIVATING, ACTIVE -> {
                if (!member.prepared) {
                    take(member, inventory);
                }
            }
            case FINISHING, RECORDING, COMPLETED, FAILED, CANCELLED -> {}
        }
    }

    /** False if what it says has ended the job. */
    private boolean take(Roster.Member member, Inventory inventory) {
        member.inventory(inventory);
        member.answered = true;
        job.protection.seen(inventory);
        if (inventory.tail() != null) {
            job.stepping.tail(member, inventory.tail());
        }
        return !job.phase.over() && job.phase != JobPhase.RECORDING;
    }

    private void answered(Roster.Member member) {
        member.awaited = false;
        awaited--;
        if (awaited == 0) {
            job.incidents.waitFor(List.of(member.key.id()));
            over();
        }
    }

    /**
     * The limit came due: who is silent is left out of the plan, but not declared lost. If the plan
     * without them would throw completed steps away they get more time: liveness has its verdict
     * within seconds, and steps cost more.
     */
    void limitReached(long timerEpoch) {
        if (job.phase != JobPhase.FENCING || timerEpoch != epoch) {
            return;
        }
        if (extensions < MOST_EXTENSIONS && job.preparing.wouldRollBack()) {
            extensions++;
            job.timer(JobEffect.TimerKind.FENCE_LIMIT, epoch, job.limits.fenceNanos());
        } else {
            over();
        }
    }

    private void over() {
        if (unbooked) {
            unbooked = false;
            job.stepping.closeAccount(detectedAtNanos);
            job.slots.all(undetected, detectedAtNanos);
            undetected = Category.DETECTION;
        }
        job.slots.turn(Category.RECOVERY_DECIDE, job.now);
        restarting.clear();
        var names = new ArrayList<String>();
        var silent = new ArrayList<String>();
        long wait = 0;
        for (Roster.Member member : job.roster.all()) {
            if (!member.answered) {
                silent.add(member.key.id());
            } else if (member.rank >= 0 && !member.ready() && member.fit() && !member.shunned()) {
                long left = member.workerLostAtNanos + job.limits.workerRestartNanos() - job.now;
                if (left > 0) {
                    restarting.add(member.key);
                    names.add(member.key.id());
                    wait = Math.max(wait, left);
                }
            }
        }
        job.incidents.waitFor(silent);
        job.incidents.advance(
                Incident.Phase.DECIDE,
                silent.isEmpty()
                        ? "all inventories are in"
                        : "no inventory from "
                                + String.join(", ", silent)
                                + " in time: left out of the plan, not declared lost");
        if (restarting.isEmpty()) {
            job.preparing.plan(
                    silent.isEmpty() ? "all inventories are in" : "the fence's limit was reached");
        } else {
            waitForWorkers(names, wait);
        }
    }

    private void waitForWorkers(List<String> names, long waitNanos) {
        var reason = new WaitReason.WorkersRestarting(names);
        job.enter(JobPhase.PLANNING, reason.text());
        job.waitFor(reason);
        job.incidents.waitFor(names);
        job.timer(JobEffect.TimerKind.WORKER_RESTART, epoch, waitNanos);
    }

    /** Members whose workers are awaited. */
    List<AgentKey> restarting() {
        return List.copyOf(restarting);
    }

    void workerBack(Roster.Member member) {
        if (restarting.remove(member.key) && restarting.isEmpty()) {
            job.preparing.plan("the worker of agent " + member.key.id() + " is back");
        }
    }

    void workerGone(Roster.Member member) {
        if (restarting.remove(member.key) && restarting.isEmpty()) {
            job.preparing.plan(
                    "agent " + member.key.id() + " is gone, nobody else's worker is awaited");
        }
    }

    /** Another member's worker died while one is awaited already. */
    void workerWentToo(Roster.Member member) {
        if (member.rank >= 0 && member.answered && restarting.add(member.key)) {
            job.timer(JobEffect.TimerKind.WORKER_RESTART, epoch, job.limits.workerRestartNanos());
        }
    }

    /** Plans without those workers whose time is over. */
    void restartLimitReached(long timerEpoch) {
        if (job.phase != JobPhase.PLANNING || timerEpoch != epoch) {
            return;
        }
        restarting.removeIf(key -> {
            Roster.Member member = job.roster.find(key);
            return member == null
                    || job.now - member.workerLostAtNanos >= job.limits.workerRestartNanos();
        });
        if (restarting.isEmpty()) {
            job.preparing.plan(
                    "a worker did not come back within "
                            + job.limits.workerRestartNanos() / 1_000_000
                            + " ms");
        }
    }
}
