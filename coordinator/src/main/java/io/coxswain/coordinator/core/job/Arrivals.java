package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.StateLayout;

/**
 * Agents that come, come again, become ready or turn out unfit; and the start of the job once
 * enough are ready.
 */
final class Arrivals {
    private final Job job;
    private boolean settling;
    private boolean settled;

    Arrivals(Job job) {
        this.job = job;
    }

    void attached(JobEvent.AgentAttached event) {
        if (job.phase.over()) {
            if (!Job.holdsNothing(event.inventory())) {
                job.emit(
                        new JobEffect.SendEndJob(
                                event.agent().key(), "the job is over: " + job.phaseReason));
            }
            return;
        }
        job.heardPromise(event.inventory().promisedEpoch());
        Roster.Member known = job.roster.find(event.agent().key());
        if (known != null) {
            known.lastWordNanos = job.now;
            again(known, event.inventory());
            return;
        }
        if (job.roster.superseded(event.agent().key())) {
            job.emit(
                    new JobEffect.SendEndJob(
                            event.agent().key(),
                            "another process of agent "
                                    + event.agent().key().id()
                                    + " took its place"));
            return;
        }
        Roster.Member former = job.roster.attachedAs(event.agent().key().id());
        if (former != null) {
            job.roster.supersede(former.key);
            job.losses.lost(
                    former,
                    "agent " + former.key.id() + " restarted",
                    job.stepping.lastWordNanos(former),
                    false);
        }
        Roster.Member member = job.roster.add(event.agent());
        member.lastWordNanos = job.now;
        member.inventory(event.inventory());
        member.answered = job.isFinal(event.inventory());
        job.protection.seen(event.inventory());
        job.draining.attached(member);
        if (job.phase == JobPhase.RECORDING || job.phase.over()) {
            return;
        }
        job.emit(new JobEffect.OfferJob(member.key));
        if (!member.answered) {
            job.emit(new JobEffect.SendFence(member.key, job.promiseEpoch()));
        }
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    considerStart();
                } else {
                    job.preparing.capacityChanged();
                }
            }
            case FENCING -> job.fencing.joined(member);
            case RETURN_WAIT -> {
                if (member.answered && !Job.holdsNothing(member.inventory)) {
                    job.preparing.plan("agent " + member.key.id() + " came with states");
                }
            }
            case PLANNING,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    ACTIVE,
                    FINISHING,
                    RECORDING,
                    COMPLETED,
                    FAILED,
                    CANCELLED -> {}
        }
    }

    /**
     * The stream of an attached incarnation broke and is back: it hears again what it may have
     * missed. Everything said here is idempotent.
     */
    private void again(Roster.Member member, Inventory inventory) {
        job.emit(new JobEffect.OfferJob(member.key));
        switch (job.phase) {
            case WAITING, FENCING, PLANNING, RETURN_WAIT -> {
                if (member.answered) {
                    return;
                }
                if (inventory.promisedEpoch() >= job.promiseEpoch()) {
                    job.fencing.reported(member, inventory);
                } else {
                    job.emit(new JobEffect.SendFence(member.key, job.promiseEpoch()));
                }
            }
            case PREPARING, ACTIVATING -> job.preparing.resend(member);
            case ACTIVE -> {
                if (inventory.tail() != null) {
                    job.stepping.progress(member, inventory.tail());
                }
                if (job.phase != JobPhase.ACTIVE) {
                    return;
                }
                boolean promised = inventory.promisedEpoch() >= job.activeView().epoch();
                if (member.rank >= 0 && promised && !inventory.workerAlive()) {
                    job.losses.workerLost(
                            member,
                            Incident.Kind.SOFTWARE,
                            "the worker died while the agent's stream was broken");
                } else {
                    job.protection.resend(member);
                    job.draining.resend(member);
                }
            }
            case FINISHING -> {
                if (member.rank >= 0 && !inventory.workerAlive()) {
                    job.losses.workerLost(
                            member,
                            Incident.Kind.SOFTWARE,
                            "the worker died while the agent's stream was broken");
                } else {
                    job.finishing.resend(member);
                }
            }
            case PERSISTING, RECORDING, COMPLETED, FAILED, CANCELLED -> {}
        }
    }

    void ready(Roster.Member member, JobEvent.AgentReady event) {
        if (job.phase.over()) {
            return;
        }
        job.heardPromise(event.promisedEpoch());
        StateLayout layout = job.layout;
        int shards = event.layout().shardStateBytes().size();
        if (shards != job.spec.mesh().shards()) {
            unfit(
                    member,
                    "its layout has "
                            + shards
                            + " shards and the job's mesh "
                            + job.spec.mesh()
                            + ": install the same version of runtime, data and job on every host");
            return;
        }
        if (layout == null) {
            job.layout = event.layout();
        } else if (!layout.fingerprint().equals(event.layout().fingerprint())) {
            unfit(
                    member,
                    "its program or layout (fingerprint "
                            + event.layout().fingerprint()
                            + ") is not that of the other agents ("
                            + layout.fingerprint()
                            + "): install the same version of runtime, data and job on every host");
            return;
        }
        job.preparing.loaded(event.loadNanos() + event.compileNanos());
        boolean was = member.eligible();
        if (!member.ready()) {
            member.workerIsNew = job.incidents.isOpen();
            job.incidents.note(WorkerStart.text(member.key.id(), event));
            member.readyAtNanos = job.now;
            member.compileNanos = event.compileNanos();
        }
        job.roster.unfit(member, null);
        job.roster.ready(member, true);
        if (was || !member.eligible()) {
            return;
        }
        switch (job.phase) {
            case WAITING -> {
                if (job.pristine()) {
                    considerStart();
                } else {
                    job.preparing.capacityChanged();
                }
            }
            case PLANNING -> job.fencing.workerBack(member);
            case ACTIVE -> {
                if (member.rank < 0) {
                    job.protection.admitSpare(member);
                }
            }
            case FENCING,
                    RETURN_WAIT,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    FINISHING,
                    RECORDING,
                    COMPLETED,
                    FAILED,
                    CANCELLED -> {}
        }
    }

    void unfit(Roster.Member member, String reason) {
        if (job.phase.over()) {
            return;
        }
        job.roster.ready(member, false);
        job.roster.unfit(member, reason);
        job.publish(new CoordinatorEvent.AgentUnfit(job.spec.jobId(), member.key.id(), reason));
        job.losses.turnedUnfit(member, reason);
    }

    /**
     * Before the first view: starts it when enough agents are ready, after a moment for those that
     * are nearly so.
     */
    void considerStart() {
        int needed = job.spec.mesh().ranks();
        int ready = job.roster.eligible();
        if (ready < needed) {
            settled = false;
            announceShort(ready, needed);
        } else if (settled || job.roster.loading() == 0) {
            job.preparing.plan(ready + " agents are ready");
        } else if (!settling) {
            settling = true;
            job.timer(JobEffect.TimerKind.SETTLE, job.promiseEpoch(), job.limits.settleNanos());
        }
    }

    private void announceShort(int ready, int needed) {
        int usable = job.roster.fit() - job.roster.aside();
        int missing = needed - usable;
        if (missing > 0) {
            job.preparing.waitForAgents(
                    missing,
                    "the mesh "
                            + job.spec.mesh()
                            + " needs "
                            + needed
                            + ", "
                            + usable
                            + " that can run the job are attached"
                            + job.roster.unfitText());
        } else if (!(job.waiting instanceof WaitReason.WorkersLoading)) {
            job.waitFor(new WaitReason.WorkersLoading(ready, needed));
        } else {
            job.waiting = new WaitReason.WorkersLoading(ready, needed);
        }
    }

    /** The settle time before the first view is over. */
    void settleOver() {
        settling = false;
        settled = true;
        considerStart();
    }
}
