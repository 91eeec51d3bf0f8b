package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Takes the leader's words about views: fence, order, start, placement, end. */
final class ViewDesk {
    private final Station at;
    private final Outbox out;

    ViewDesk(Station at) {
        this.at = at;
        this.out = at.out;
    }

    void fenced(AgentEvent.Fenced event, long now) {
        if (!at.isJob(event.jobId())) {
            out.report(
                    new AgentReport.Holdings(
                            new Inventory(
                                    event.jobId(),
                                    event.epoch(),
                                    false,
                                    null,
                                    Digest.NONE,
                                    List.of(),
                                    List.of(),
                                    null,
                                    0)));
            return;
        }
        if (event.epoch() < at.promised) {
            return;
        }
        if (event.epoch() == at.promised) {
            if (at.phase == Phase.FENCED) {
                answerFence();
            }
            return;
        }
        promise(event.epoch(), now);
        at.commitGraceUntil = now + at.limits.commitGraceNanos();
        at.phase = Phase.FENCING;
    }

    /** From now on nothing of older epochs is followed, and what runs of them ends. */
    private void promise(long epoch, long now) {
        at.promised = epoch;
        at.order = null;
        at.program = null;
        at.finishing = null;
        at.finalWanted = null;
        at.finalState = null;
        at.untoldLoss = null;
        at.baseWanted = null;
        at.stop.clear();
        boolean replaced =
                at.currentJob().runtimeReduces()
                        && at.worker.replace("the group of its view is no more");
        at.stepping.halt(now);
        at.replication.stop();
        at.restoring.cancel();
        unshareDonations();
        if (!replaced) {
            at.worker.abort(epoch, now);
        }
        at.keyValues.promised();
        out.add(new AgentEffect.FenceData(at.currentJob().jobId(), epoch));
    }

    /**
     * Answers as soon as nothing changes the state any more; a snapshot that is being committed
     * gets a moment, for it may be the only way back.
     */
    void answerWhenQuiet(long now) {
        if (at.isQuiet() && (!at.vault.isWriting() || now >= at.commitGraceUntil)) {
            at.phase = Phase.FENCED;
            answerFence();
        }
    }

    private void answerFence() {
        at.progress.cut();
        out.report(
                new AgentReport.Holdings(
                        at.inventory(
                                at.currentJob().jobId(),
                                at.progress.takeUnsent(at.vault.floor()))));
    }

    void ordered(PrepareOrder order, long now) {
        View view = order.view();
        PrepareOrder current = at.order;
        if (!at.isJob(view.jobId()) || view.epoch() < at.promised) {
            return;
        }
        if (current != null && current.view().epoch() == view.epoch()) {
            if (at.phase == Phase.VIEW_READY) {
                out.report(at.restoring.ready(now));
            }
            return;
        }
        if (view.epoch() > at.promised) {
            promise(view.epoch(), now);
        }
        at.order = order;
        at.untoldLoss = null;
        // Before anything is restored: what makes room for it must not be the floor.
        at.vault.agreeFloor(order.floor());
        if (order.rank() < 0) {
            at.holding.install(order.placement(), at.self, at.worker);
            out.add(new AgentEffect.AdmitCopies(view.epoch()));
            donate(order);
            at.phase = Phase.WARMING;
            at.becomeStandby();
            return;
        }
        at.phase = Phase.RESTORING;
        if (order.rank() >= view.ranks()
                || !view.members().get(order.rank()).key().equals(at.self)) {
            at.viewFailed(
                    "the order names rank "
                            + order.rank()
                            + ", which is not this incarnation's in view "
                            + view.epoch());
            return;
        }
        if (order.plan() == null || order.restore() == null) {
            at.viewFailed(
                    "the order for rank "
                            + order.rank()
                            + " lacks a step plan or a way to its state");
            return;
        }
        try {
            at.program = new StepProgram(order.plan());
        } catch (IllegalArgumentException e) {
            at.viewFailed(String.valueOf(e.getMessage()));
            return;
        }
        at.holding.install(order.placement(), at.self, at.worker);
        donate(order);
        at.restoring.order(order, now);
    }

    /** Makes readable what others will fetch from here, under the names that they know. */
    private void donate(PrepareOrder order) {
        for (Restore donation : order.donations()) {
            StateName name = donation.state();
            SlotRef slot = null;
            Vault.Snapshot own = at.vault.find(name, donation.digest());
            if (own != null) {
                slot = own.slot;
            } else {
                HolderDuties.Copy copy = at.holding.find(name, donation.digest());
                slot = copy == null ? null : copy.slot();
            }
            if (slot != null) {
                at.donations.put(name, donation.digest());
                out.add(new AgentEffect.ShareState(name, slot));
            }
        }
    }

    /**
     * The worker took its rank: what others want of its live state and no slot has yet is copied
     * into one now.
     */
    void donateLive() {
        PrepareOrder order = at.currentOrder();
        StateName live = at.worker.live();
        for (Restore donation : order.donations()) {
            StateName name = donation.state();
            if (name.equals(live)
                    && !at.donations.containsKey(name)
                    && at.vault.find(name, donation.digest()) == null) {
                at.baseWanted =
                        new StateName(
                                name.jobId(), order.view().epoch(), name.step(), name.shard());
                snapshotBase();
                at.donations.put(name, donation.digest());
                return;
            }
        }
    }

    /**
     * A snapshot of the view's base was committed: shared under the names that others know it by,
     * too.
     */
    void baseCommitted(Vault.Snapshot snapshot) {
        for (StateName name : at.donations.keySet()) {
            if (name.step() == snapshot.name.step()
                    && name.shard() == snapshot.name.shard()
                    && !name.equals(snapshot.name)) {
                out.add(new AgentEffect.ShareState(name, snapshot.slot));
            }
        }
    }

    private void unshareDonations() {
        for (StateName name : at.donations.keySet()) {
            if (!at.vault.holds(name)) {
                out.add(new AgentEffect.UnshareState(name));
            }
        }
        at.donations.clear();
    }

    void started(AgentEvent.ViewStarted event, long now) {
        PrepareOrder current = at.order;
        if (at.isRunning(event.jobId(), event.epoch())) {
            at.stop.takenBack();
            at.granted(event.through(), event.floors(), event.interval());
            hold(event.hold(), event.through(), now);
            return;
        }
        if (!at.isJob(event.jobId())
                || current == null
                || current.view().epoch() != event.epoch()) {
            return;
        }
        View view = current.view();
        if (current.rank() < 0) {
            at.vault.beginView(view);
            at.holding.beginView(view, at.vault.floor());
        } else if (at.phase == Phase.VIEW_READY) {
            begin(current, event.through(), now);
            at.granted(event.through(), event.floors(), event.interval());
            hold(event.hold(), event.through(), now);
        }
    }

    /**
     * Of the running view: no step beyond {@code through} is begun, or that is over. A step that is
     * under way is finished, since others may be in it too.
     */
    void hold(boolean holds, long through, long now) {
        Stepping stepping = at.stepping;
        if (!holds) {
            if (stepping.credits.release() && !stepping.isUnderWay()) {
                stepping.credits.forgetWait();
                at.progress.restart(now);
            }
            return;
        }
        long last = Math.max(stepping.step(), through);
        stepping.credits.hold(last);
        if (!stepping.isUnderWay() && stepping.step() == last) {
            at.stop.tellAll();
        }
        View view = at.currentOrder().view();
        out.report(new AgentReport.StepsHeld(view.jobId(), view.epoch(), last));
    }

    private void begin(PrepareOrder order, long through, long now) {
        View view = order.view();
        JobSpec spec = at.currentJob();
        StepProgram program = at.currentProgram();
        int rank = order.rank();
        int shard = view.shardOf(rank);
        StateName restored = at.worker.live();
        if (restored == null) {
            throw new IllegalStateException(
                    "view " + view.epoch() + " started, but rank " + rank + " has no live state");
        }
        Digest digest = at.worker.liveDigest();
        at.holding.promote(shard, at.vault);
        at.vault.beginView(view);
        at.holding.beginView(view, at.vault.floor());
        at.replication.begin(
                order.placement(),
                rank,
                shard,
                view.baseStep(),
                at.self,
                at.currentJob().runtimeReduces());
        at.progress.begin(
                spec.jobId(),
                view.epoch(),
                rank,
                view.baseStep(),
                spec.steps(),
                program.reportEvery(),
                now);
        if (digest.known()) {
            at.progress.committed(view.baseStep(), digest);
        }
        out.add(new AgentEffect.AdmitCopies(view.epoch()));
        // The view is on the lineage now, and its base has a name of its own in it.
        StateName base = new StateName(view.jobId(), view.epoch(), view.baseStep(), shard);
        at.worker.live(base, digest);
        at.stepping.begin(view, program, rank, spec.batch(), spec.steps(), through, now);
        at.phase = program.isWhole() ? Phase.STEPPING : Phase.GATHERING;
        if (program.snapshotEvery() > 0
                && at.vault.find(restored, digest) == null
                && !at.vault.holds(base)) {
            at.baseWanted = base;
            snapshotBase();
        }
    }

    /**
     * Copies the live state into a slot. Without it the floor could never reach this view's base;
     * so the first step waits for a slot, if one is becoming free.
     */
    void snapshotBase() {
        StateName name = at.baseWanted;
        if (name == null) {
            return;
        }
        int slot = at.vault.freeSlot();
        if (slot < 0 && !at.vault.isFreeing()) {
            slot = at.vault.evictBetween();
        }
        if (slot >= 0) {
            at.baseWanted = null;
            at.vault.writing(name, slot);
            at.worker.ask(new WorkerRequest.Snapshot(name.epoch(), name.step(), slot));
            out.add(new AgentEffect.Reached(name.step(), StepPhase.SNAPSHOT));
        } else if (!at.vault.isFreeing()) {
            at.baseWanted = null;
        }
    }

    void placed(Placement placement) {
        PrepareOrder current = at.order;
        if (!at.isJob(placement.jobId())
                || current == null
                || placement.epoch() != current.view().epoch()
                || placement.version() <= current.placement().version()) {
            return;
        }
        at.order =
                new PrepareOrder(
                        current.view(),
                        current.rank(),
                        current.restore(),
                        current.plan(),
                        placement,
                        current.donations(),
                        current.floor());
        at.holding.install(placement, at.self, at.worker);
        at.replication.install(placement, current.rank(), at.self);
    }

    void finalRequested(AgentEvent.FinalRequested event) {
        if (at.isRunning(event.jobId(), event.epoch())) {
            at.finalWanted = event;
        }
    }

    /**
     * The worker is asked once the step stands and its parameters are complete: a view whose base
     * is the job's last step has to gather first.
     */
    void collectFinal() {
        AgentEvent.FinalRequested wanted = at.finalWanted;
        PrepareOrder current = at.order;
        if (wanted == null
                || current == null
                || at.stepping.isUnderWay()
                || at.stepping.step() != wanted.step()) {
            return;
        }
        at.finalWanted = null;
        AgentReport.@Nullable FinalState known = at.finalState;
        if (known != null) {
            out.report(known);
        } else if (at.finishing == null) {
            WorkerRequest.Finish finish =
                    new WorkerRequest.Finish(
                            wanted.epoch(), wanted.step(), current.rank() == 0, wanted.lineage());
            at.finishing = finish;
            at.worker.ask(finish);
        }
    }

    /** The job is over: everything of it goes. */
    void endJob() {
        long over = at.promised + 1;
        out.add(new AgentEffect.FenceData(at.currentJob().jobId(), over));
        at.formerJobs.ended(at.currentJob().jobId(), over);
        unshareDonations();
        at.worker.stop();
        at.stepping.clear();
        at.replication.stop();
        at.restoring.clear();
        at.holding.clear();
        at.keyValues.clear();
        at.vault.clear();
        at.progress.clear();
        at.job = null;
        at.order = null;
        at.program = null;
        at.untoldLoss = null;
        at.finalState = null;
        at.finishing = null;
        at.finalWanted = null;
        at.baseWanted = null;
        at.stop.clear();
        at.promised = 0;
        at.dataFenced = 0;
        at.readyGeneration = -1;
        at.phase = Phase.NO_JOB;
    }
}
