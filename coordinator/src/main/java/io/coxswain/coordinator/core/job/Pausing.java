package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.pause.PauseState;
import io.coxswain.coordinator.core.pause.PauseWish;
import io.coxswain.coordinator.core.pause.StopPoint;

import java.util.List;

/**
 * Stops the steps of a job on request and lets them go on. Nothing but credits changes: the view
 * stays active, leases go on, and members keep what they have. What fails meanwhile is recovered,
 * and the view that comes of it stands as well.
 *
 * <pre>
 *  asked ──► durable ──► ranks begin nothing new and say where they are ──► all go to the furthest
 *                                                                            step, and stand there
 * </pre>
 */
final class Pausing {
    private enum Way {
        /** As far as was granted. */
        FREE,
        /** Ranks were asked to begin nothing new. */
        ASKING,
        /** All were told where to stop. */
        STOPPING,
        /** All stand. */
        STANDING
    }

    private final Job job;
    private final StopPoint stop;
    private Way way = Way.FREE;
    private final PauseWish wish = new PauseWish();
    private long sinceNanos;

    /** When the view that was active last ended. */
    private long viewOverNanos;

    /** Where all stop, once that is known. */
    private long lastStep;

    private boolean told;

    /** A recovery ended in a view that stands: that it makes steps has yet to be seen. */
    private boolean unproven;

    Pausing(Job job) {
        this.job = job;
        this.stop = new StopPoint(job.spec.mesh().ranks());
    }

    // ------------------------------------------------------------------ asked

    void pause(String why) {
        if (ending() || !wish.want(true, why)) {
            return;
        }
        sinceNanos = job.now;
        job.emit(new JobEffect.PersistPause(wish.serial(), true, why, 0));
    }

    void resume() {
        if (ending() || !wish.want(false, "")) {
            return;
        }
        sinceNanos = job.now;
        long until = job.slots.stands() ? job.now - job.openedNanos : 0;
        job.emit(new JobEffect.PersistPause(wish.serial(), false, "", until));
    }

    private boolean ending() {
        return job.phase == JobPhase.RECORDING || job.phase.over();
    }

    /** Another leader was asked; it, or this one, may have stopped the steps already. */
    void inherit(String why) {
        wish.inherit(true, why);
        sinceNanos = job.now;
        job.slots.stand();
    }

    void persisted(JobEvent.PausePersisted event) {
        if (ending() || !wish.recorded(event.serial())) {
            return;
        }
        if (!wish.counts()) {
            goOn();
        } else if (job.phase == JobPhase.ACTIVE) {
            // Where all stop for another reason, what follows from that comes first.
            if (!job.draining.stops()) {
                ask();
                tellAll();
            }
        } else if (job.slots.started() && job.phase != JobPhase.FINISHING && stands(job.now)) {
            job.slots.standFrom(job.now);
            tell();
        }
    }

    // ------------------------------------------------------------------ stopping

    /** The view of another leader goes on, to where its ranks can stop. */
    void adopted() {
        if (wish.counts()) {
            ask();
        }
    }

    private void ask() {
        way = Way.ASKING;
        stop.ask();
        job.incidents.pauseBegins("paused on request: " + wish.reason());
    }

    /** All had stopped for another reason, which is gone: steps go on, or stop for this one. */
    void regrant() {
        if (wish.counts() && way == Way.FREE) {
            ask();
        }
        job.stepping.grant();
        tellAll();
    }

    /** Members hear how far they may go. */
    void tellAll() {
        List<GrantedFloor> floors = job.stepping.grantedFloors();
        for (AgentProfile member : job.activeView().members()) {
            job.emit(
                    new JobEffect.SendGrant(
                            member.key(),
                            job.activeView().epoch(),
                            through(),
                            floors,
                            job.cadence.granted(),
                            holds()));
        }
    }

    /**
     * A member begins no step after that one. A word may be late, of an earlier request: whoever
     * turns out to be further takes the others there.
     */
    void held(Roster.Member member, JobEvent.StepsHeld event) {
        View view = job.view;
        if (job.phase != JobPhase.ACTIVE
                || view == null
                || event.epoch() != view.epoch()
                || member.rank < 0) {
            return;
        }
        switch (way) {
            case FREE -> {}
            case ASKING -> {
                if (stop.heard(member.rank, event.step())) {
                    stopAt(Math.max(stop.step(), job.stepping.newestReported()));
                }
            }
            case STOPPING, STANDING -> {
                if (event.step() > lastStep) {
                    stopAt(event.step());
                }
            }
        }
    }

    private void stopAt(long step) {
        way = Way.STOPPING;
        lastStep = Math.min(job.spec.steps(), step);
        job.stepping.grantAtLeast(lastStep);
        tellAll();
        reached();
    }

    /** Steps were completed. */
    void stepped() {
        if (!wish.counts()) {
            job.incidents.pauseEnds();
            if (unproven) {
                unproven = false;
                job.preparing.recovered();
            }
        }
    }

    /** All ranks may be where they stop. */
    void reached() {
        if (way == Way.STOPPING && job.phase == JobPhase.ACTIVE && job.completedStep >= lastStep) {
            stand();
            standing();
        }
    }

    private void stand() {
        way = Way.STANDING;
        lastStep = job.completedStep;
        job.slots.stand();
        tell();
    }

    private void tell() {
        if (!told) {
            told = true;
            sinceNanos = job.now;
            job.publish(
                    new CoordinatorEvent.JobPaused(
                            job.spec.jobId(), job.completedStep, wish.reason()));
        }
    }

    // ------------------------------------------------------------------ views come and go

    /** A view is active, of which no step was made. */
    void viewActive() {
        if (!wish.counts()) {
            return;
        }
        if (job.incidents.isOpen()) {
            unproven = true;
            job.incidents.close();
        }
        stand();
        again();
    }

    /** What interrupted the pause is over. */
    void again() {
        job.incidents.pauseBegins("still paused: " + wish.reason());
        standing();
    }

    private void standing() {
        if (way == Way.STANDING) {
            job.incidents.advance(
                    Incident.Phase.DECIDE,
                    "all ranks stand after step " + job.completedStep + " until it is resumed");
        }
    }

    /** The active view is over, if there was one. */
    void viewOver() {
        if (job.phase == JobPhase.ACTIVE || job.phase == JobPhase.FINISHING) {
            viewOverNanos = job.now;
        }
        way = Way.FREE;
    }

    /** The job ends: what its slots do from now on has nothing to do with a pause. */
    void jobOver() {
        way = Way.FREE;
        job.slots.moveOn(job.now);
    }

    // ------------------------------------------------------------------ going on

    private void goOn() {
        boolean stood = way == Way.STANDING;
        Way before = way;
        way = Way.FREE;
        told = false;
        job.slots.moveOn(job.now);
        job.publish(new CoordinatorEvent.JobResumed(job.spec.jobId(), job.completedStep));
        if (job.phase != JobPhase.ACTIVE || before == Way.FREE) {
            return;
        }
        job.incidents.advance(Incident.Phase.RESUME, "resumed on request");
        if (stood) {
            job.stepping.pace.stood(job.now);
        }
        if (!job.draining.stops()) {
            job.stepping.grant();
            tellAll();
        }
    }

    // ------------------------------------------------------------------ questions

    /** No steps are granted beyond what it takes to stop. */
    boolean holds() {
        return wish.counts();
    }

    /** Steps up to this may be made. */
    long through() {
        return switch (way) {
            case FREE -> job.stepping.grantedThrough();
            case ASKING -> job.completedStep;
            case STOPPING, STANDING -> lastStep;
        };
    }

    /** All ranks stand: that no step completes has its reason. */
    boolean isStanding() {
        return way == Way.STANDING;
    }

    PauseState state(long nowNanos) {
        return new PauseState(wish.stage(stands(nowNanos)), wish.reason(), sinceNanos);
    }

    // Whoever is being fenced may still be in a step; who cannot be reached, until its lease is
    // over.
    private boolean stands(long nowNanos) {
        return switch (job.phase) {
            case ACTIVE -> way == Way.STANDING;
            case FENCING -> false;
            case WAITING, PLANNING, RETURN_WAIT, PERSISTING, PREPARING, ACTIVATING ->
                    nowNanos - viewOverNanos >= job.limits.leaseNanos() || allFenced();
            case FINISHING, RECORDING, COMPLETED, FAILED, CANCELLED -> true;
        };
    }

    private boolean allFenced() {
        View view = job.view;
        if (view == null) {
            return true;
        }
        for (AgentProfile agent : view.members()) {
            Roster.Member member = job.roster.find(agent.key());
            if (member == null || !member.answered) {
                return false;
            }
        }
        return true;
    }
}
