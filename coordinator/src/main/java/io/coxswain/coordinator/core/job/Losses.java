package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.View;

import java.util.TreeMap;
import java.util.TreeSet;

/** What happens when an agent, a worker or a link fails. */
final class Losses {
    private final Job job;

    /** Accused agents with their accusers, of the active view, since the last completed step. */
    private final TreeMap<AgentKey, TreeSet<AgentKey>> accusations = new TreeMap<>();

    /** How often the job hung after the same completed step, where the runtime reduces. */
    private static final int MOST_HANGS = 3;

    private long hungStep = -1;
    private int hangsAtStep;
    private long accusedSinceNanos;
    private String accusationDetail = "";

    Losses(Job job) {
        this.job = job;
    }

    /**
     * That incarnation is gone, with everything it held. {@code planned}: it said so itself before.
     */
    void lost(Roster.Member member, String cause, long lastSignNanos, boolean planned) {
        boolean missed = !job.draining.isDrained(member);
        job.roster.remove(member);
        job.draining.gone(member);
        accusations.remove(member.key);
        String what = "agent " + member.key.id() + " lost: " + cause;
        long detectNanos = Math.max(0, job.now - lastSignNanos);
        Incident.Kind kind = planned ? Incident.Kind.PLANNED : Incident.Kind.HOST;
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    job.arrivals.considerStart();
                } else {
                    extend(kind, member, what);
                    job.preparing.plan(what);
                }
            }
            case FENCING -> {
                extend(kind, member, what);
                job.fencing.gone(member);
            }
            case PLANNING -> {
                extend(kind, member, what);
                job.fencing.workerGone(member);
            }
            case RETURN_WAIT -> {
                extend(kind, member, what);
                job.preparing.plan(what);
            }
            case PERSISTING, PREPARING, ACTIVATING -> {
                if (job.preparing.involves(member)) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, detectNanos);
                    job.fencing.begin(what);
                } else {
                    extend(kind, member, what);
                    job.preparing.placementOutdated(member);
                }
            }
            case ACTIVE -> {
                if (member.rank >= 0) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, detectNanos);
                    job.fencing.begin(what);
                } else if (member.prepared && missed) {
                    spareLost(planned ? kind : Incident.Kind.SPARE, member, what, detectNanos);
                }
            }
            case FINISHING -> {
                if (member.rank >= 0 && !job.finishing.has(member.rank)) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, detectNanos);
                    job.fencing.begin(what);
                }
            }
            case RECORDING, COMPLETED, FAILED, CANCELLED -> {}
        }
    }

    private void spareLost(
            Incident.Kind kind, Roster.Member member, String what, long detectNanos) {
        boolean recovering = job.incidents.isOpen();
        String said = "spare lost: " + what;
        if (recovering) {
            job.incidents.openOrExtend(kind, member.key.id(), said, detectNanos);
        }
        if (job.protection.holds(member.key)) {
            job.protection.repair();
        }
        if (!recovering) {
            job.incidents.passing(kind, member.key.id(), said, detectNanos);
        }
    }

    /** The worker is gone; the agent and its arena live, and it starts a new worker by itself. */
    void workerLost(Roster.Member member, Incident.Kind kind, String cause) {
        if (job.phase.over()) {
            return;
        }
        if (member.ready()) {
            member.workerLostAtNanos = job.now;
        }
        job.roster.ready(member, false);
        member.forgetLive();
        job.emit(new JobEffect.OfferJob(member.key));
        String what = "worker of agent " + member.key.id() + " lost: " + cause;
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    job.arrivals.considerStart();
                }
            }
            case FENCING -> extend(kind, member, what);
            case PLANNING -> {
                extend(kind, member, what);
                job.fencing.workerWentToo(member);
            }
            case PERSISTING, PREPARING, ACTIVATING -> {
                if (job.preparing.rankOf(member) >= 0) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, 0);
                    job.fencing.begin(what);
                }
            }
            case ACTIVE -> {
                if (member.rank >= 0) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, 0);
                    job.fencing.begin(what);
                }
            }
            case FINISHING -> {
                if (member.rank >= 0 && !job.finishing.has(member.rank)) {
                    job.incidents.openOrExtend(kind, member.key.id(), what, 0);
                    job.fencing.begin(what);
                }
            }
            case RETURN_WAIT, RECORDING, COMPLETED, FAILED, CANCELLED -> {}
        }
    }

    /**
     * A worker-loss report; one of an older view from a member that has since taken up a newer one
     * is a ghost.
     */
    void workerLostReported(Roster.Member member, JobEvent.WorkerLostReported event) {
        long inView =
                switch (job.phase) {
                    case ACTIVE, FINISHING -> member.rank >= 0 ? job.activeView().epoch() : 0;
                    case PREPARING, ACTIVATING ->
                            job.preparing.tookUp(member) ? job.preparing.epoch() : 0;
                    case WAITING,
                            FENCING,
                            PLANNING,
                            RETURN_WAIT,
                            PERSISTING,
                            RECORDING,
                            COMPLETED,
                            FAILED,
                            CANCELLED ->
                            0;
                };
        boolean ghost = event.epoch() > 0 && event.epoch() < inView;
        if (!ghost) {
            if (event.hung()) {
                workerLost(member, Incident.Kind.HANG, "hung and was killed: " + event.cause());
            } else {
                workerLost(member, Incident.Kind.SOFTWARE, event.cause());
            }
        }
    }

    /** A member cannot run the job any more. */
    void turnedUnfit(Roster.Member member, String reason) {
        String what = "agent " + member.key.id() + " cannot run the job: " + reason;
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    job.arrivals.considerStart();
                }
            }
            case PERSISTING, PREPARING, ACTIVATING -> {
                if (job.preparing.rankOf(member) >= 0) {
                    job.incidents.openOrExtend(Incident.Kind.SOFTWARE, member.key.id(), what, 0);
                    job.fencing.begin(what);
                }
            }
            case ACTIVE -> {
                if (member.rank >= 0) {
                    job.incidents.openOrExtend(Incident.Kind.SOFTWARE, member.key.id(), what, 0);
                    job.fencing.begin(what);
                }
            }
            case FENCING -> job.fencing.gone(member);
            case PLANNING -> job.fencing.workerGone(member);
            case RETURN_WAIT, FINISHING, RECORDING, COMPLETED, FAILED, CANCELLED -> {}
        }
    }

    /** An attached member that must be left out of the next view. */
    void suspect(Roster.Member member, Incident.Kind kind, String why, long detectNanos) {
        job.roster.shun(member, true);
        String what = "agent " + member.key.id() + " suspected: " + why;
        job.incidents.openOrExtend(kind, member.key.id(), what, detectNanos);
        job.fencing.begin(what);
    }

    /**
     * A member of the active view that hangs. The fence aborts its worker, and an agent kills a
     * worker that does not follow: once, that is the cure. Who hangs again, and who cannot be
     * reached by the others, is left out of the next view.
     */
    void hangs(Roster.Member member, JobEvent.HangSuspected event) {
        View view = job.view;
        if (job.phase != JobPhase.ACTIVE
                || view == null
                || event.epoch() != view.epoch()
                || member.rank < 0) {
            return;
        }
        if (job.spec.runtimeReduces()) {
            hangsTogether(member, event);
            return;
        }
        member.hangs++;
        if (event.cycle() || member.hangs > 1) {
            suspect(
                    member,
                    event.cycle() ? Incident.Kind.LINK : Incident.Kind.HANG,
                    event.what(),
                    event.stalledNanos());
            return;
        }
        String what = "agent " + member.key.id() + " hangs: " + event.what();
        job.incidents.openOrExtend(Incident.Kind.HANG, member.key.id(), what, event.stalledNanos());
        job.fencing.begin(what);
    }

    /**
     * Who waits for whom is known to the runtimes alone, so the fence replaces the workers of all
     * ranks. Who never came to the collective in which the others wait is named, where programs say
     * how far they have come. A job that hangs after the same step again and again is given up.
     */
    private void hangsTogether(Roster.Member member, JobEvent.HangSuspected event) {
        hangsAtStep = hungStep == job.completedStep ? hangsAtStep + 1 : 1;
        hungStep = job.completedStep;
        String what =
                event.named()
                        ? "agent " + member.key.id() + " hangs: " + event.what()
                        : "no step for "
                                + event.stalledNanos() / 1_000_000
                                + " ms: the ranks' workers hang in step "
                                + (job.completedStep + 1)
                                + ", or their group does";
        if (hangsAtStep > MOST_HANGS) {
            job.finishing.fail(what + ", for the " + hangsAtStep + ". time");
            return;
        }
        job.incidents.openOrExtend(Incident.Kind.HANG, member.key.id(), what, event.stalledNanos());
        job.fencing.begin(what);
    }

    void accused(Roster.Member accuser, JobEvent.LinkAccused event) {
        View view = job.view;
        Roster.Member peer = job.roster.find(event.peer());
        if (job.phase != JobPhase.ACTIVE
                || view == null
                || event.epoch() != view.epoch()
                || accuser.rank < 0
                || peer == null
                || peer.rank < 0
                || peer == accuser) {
            return;
        }
        if (accusations.isEmpty()) {
            accusedSinceNanos = job.now;
        }
        accusationDetail = event.detail();
        accusations.computeIfAbsent(peer.key, key -> new TreeSet<>()).add(accuser.key);
    }

    /** Steps go on: whatever was said of links is over. */
    void forgetAccusations() {
        if (!accusations.isEmpty()) {
            accusations.clear();
        }
    }

    /**
     * Suspects the most accused once no step was completed for a while. Of equally accused ones it
     * takes the one whose own accusation counts least: the last in order.
     */
    void examineAccusations(long lastCompletedNanos) {
        if (accusations.isEmpty()
                || job.pausing.isStanding()
                || job.now - Math.max(accusedSinceNanos, lastCompletedNanos)
                        < job.limits.accusationNanos()) {
            return;
        }
        AgentKey most = accusations.firstKey();
        int count = 0;
        for (var entry : accusations.entrySet()) {
            if (entry.getValue().size() >= count) {
                most = entry.getKey();
                count = entry.getValue().size();
            }
        }
        Roster.Member member = job.roster.find(most);
        accusations.clear();
        if (member != null) {
            suspect(
                    member,
                    Incident.Kind.LINK,
                    count
                            + " members cannot reach it on the data plane and no step completes: "
                            + accusationDetail,
                    job.now - lastCompletedNanos);
        }
    }

    /** Adds to the open incident what concerns the job; agents that had no part in it do not. */
    private void extend(Incident.Kind kind, Roster.Member member, String what) {
        if (job.incidents.isOpen()
                && (member.rank >= 0 || member.prepared || !member.copies.isEmpty())) {
            job.incidents.openOrExtend(kind, member.key.id(), what, 0);
        }
    }
}
