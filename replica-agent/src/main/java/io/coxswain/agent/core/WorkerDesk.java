package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.StateLayout;

/** Takes what the worker says, and what becomes of the files it needs. */
final class WorkerDesk {
    /** A step whose group broke: the live state is as before it. */
    private static final String GROUP_BROKEN = "group_broken";

    private final Station at;
    private final ViewDesk views;
    private final Outbox out;
    private final ProgramTroubles troubles;

    WorkerDesk(Station at, ViewDesk views) {
        this.at = at;
        this.views = views;
        this.out = at.out;
        this.troubles = new ProgramTroubles(at.limits.loadAttempts());
    }

    void take(AgentEvent.FromWorker event, long now) {
        JobSpec job = at.job;
        if (job == null) {
            return;
        }
        if (ends(event)) {
            at.worker.answeredAll();
        }
        switch (event) {
            case AgentEvent.WorkerConnected _ -> at.worker.connected(job, now);
            case AgentEvent.WorkerPonged ponged -> at.worker.ponged(ponged, now);
            case AgentEvent.JobLoaded loaded -> jobLoaded(loaded, job);
            case AgentEvent.ViewPrepared prepared -> viewPrepared(prepared, job, now);
            case AgentEvent.Executed executed -> {
                at.worker.executing(false);
                if (job.runtimeReduces()) {
                    troubles.made(executed.step());
                }
                at.stepping.executed(executed, now);
            }
            case AgentEvent.RequestAborted aborted -> aborted(aborted.request());
            case AgentEvent.Applied applied -> {
                troubles.made(applied.step());
                at.stepping.applied(applied, now);
            }
            case AgentEvent.SnapshotCommitted committed -> snapshotCommitted(committed);
            case AgentEvent.SnapshotFailed failed -> snapshotFailed(failed, job);
            case AgentEvent.Finished finished -> finished(finished, job);
            case AgentEvent.WorkerFaulted faulted -> faulted(faulted, job, now);
            case AgentEvent.KeyValueAsked asked -> at.keyValues.asked(asked, now);
            case AgentEvent.WorkerExited exited -> exited(exited, job, now);
        }
    }

    /** Whether it is the answer to what the worker was asked last. */
    private static boolean ends(AgentEvent.FromWorker event) {
        return switch (event) {
            case AgentEvent.ViewPrepared _,
                    AgentEvent.Executed _,
                    AgentEvent.Applied _,
                    AgentEvent.RequestAborted _,
                    AgentEvent.Finished _,
                    AgentEvent.WorkerFaulted _ ->
                    true;
            case AgentEvent.WorkerConnected _,
                    AgentEvent.WorkerPonged _,
                    AgentEvent.JobLoaded _,
                    AgentEvent.SnapshotCommitted _,
                    AgentEvent.SnapshotFailed _,
                    AgentEvent.KeyValueAsked _,
                    AgentEvent.WorkerExited _ ->
                    false;
        };
    }

    private void jobLoaded(AgentEvent.JobLoaded event, JobSpec job) {
        StateLayout before = at.worker.layout();
        StateLayout layout = event.layout();
        if (layout.shardStateBytes().size() != job.shards()
                || (before != null && !before.fingerprint().equals(layout.fingerprint()))) {
            at.worker.stop();
            unfit(
                    job,
                    "the worker's layout has "
                            + layout.shardStateBytes().size()
                            + " shards and fingerprint '"
                            + layout.fingerprint()
                            + "', expected "
                            + job.shards()
                            + " shards"
                            + (before == null
                                    ? ""
                                    : " and fingerprint '" + before.fingerprint() + "'")
                            + ": give every worker of this job the same program and data");
            return;
        }
        at.worker.loaded(event);
        if (!at.vault.hasRegionFor(event.generation())) {
            at.vault.createRegion(event.generation(), at.worker.regionShape(job, layout));
        }
        at.holding.layoutKnown(at.self, at.worker);
        reportReady();
    }

    private void unfit(JobSpec job, String reason) {
        out.report(new AgentReport.JobUnfit(job.jobId(), reason));
    }

    /** Says that this agent can take a rank, once per worker or when asked again. */
    void reportReady() {
        JobSpec job = at.job;
        StateLayout layout = at.worker.layout();
        if (job == null
                || layout == null
                || !at.worker.isLoaded()
                || at.worker.isReplaced()
                || !at.vault.hasRegionFor(at.worker.generation())
                || !at.vault.regionIsReady()) {
            return;
        }
        if (at.readyGeneration != at.worker.generation()) {
            at.readyGeneration = at.worker.generation();
            out.report(
                    new AgentReport.JobReady(
                            job.jobId(),
                            layout,
                            at.worker.loadNanos(),
                            at.worker.compileNanos(),
                            at.worker.startNanos(),
                            at.promised));
        }
        at.becomeStandby();
    }

    private void viewPrepared(AgentEvent.ViewPrepared event, JobSpec job, long now) {
        if (!at.restoring.prepared(event)) {
            return;
        }
        at.phase = Phase.VIEW_READY;
        PrepareOrder order = at.currentOrder();
        StateLayout layout = at.worker.layout();
        if (layout == null) {
            throw new IllegalStateException("a worker took a rank without a layout");
        }
        if (!job.runtimeReduces()) {
            // Before the leader hears of it: when any member starts, all are able to receive.
            out.add(
                    new AgentEffect.ConfigureCollective(
                            order.view(), order.rank(), job, layout, at.vault.region()));
        }
        views.donateLive();
        out.report(at.restoring.ready(now));
    }

    private void snapshotCommitted(AgentEvent.SnapshotCommitted event) {
        Vault.Snapshot snapshot = at.vault.writingIn(event.slot(), event.epoch(), event.step());
        if (snapshot == null || !at.vault.committed(snapshot, event.digest(), event.bytes())) {
            return;
        }
        troubles.snapshotCommitted();
        PrepareOrder order = at.order;
        if (order != null && order.view().epoch() == event.epoch()) {
            at.progress.committed(event.step(), event.digest());
            views.baseCommitted(snapshot);
        }
        if (snapshot.name.equals(at.worker.live())) {
            at.worker.live(snapshot.name, event.digest());
        }
    }

    /** A job that is never protected would lose everything, and hear of it when it is too late. */
    private void snapshotFailed(AgentEvent.SnapshotFailed event, JobSpec job) {
        abandon(event.slot(), event.epoch(), event.step());
        if (event.epoch() >= at.promised && troubles.snapshotFailed(job, event.step())) {
            at.worker.kill(
                    "the snapshot of step " + event.step() + " failed: " + event.reason(), false);
        }
    }

    private void abandon(int slot, long epoch, long step) {
        Vault.Snapshot snapshot = at.vault.writingIn(slot, epoch, step);
        if (snapshot != null) {
            at.vault.abandoned(snapshot);
        }
    }

    private void finished(AgentEvent.Finished event, JobSpec job) {
        WorkerRequest.Finish asked = at.finishing;
        PrepareOrder order = at.order;
        if (asked != null && order != null) {
            AgentReport.FinalState told =
                    new AgentReport.FinalState(
                            job.jobId(),
                            asked.epoch(),
                            asked.step(),
                            order.rank(),
                            asked.evaluate(),
                            event.parts());
            at.finalState = told;
            out.report(told);
        }
    }

    /** The request was of an epoch that is over when the worker came to it. */
    private void aborted(WorkerRequest request) {
        switch (request) {
            case WorkerRequest.Execute execute -> {
                at.worker.executing(false);
                at.stepping.notExecuted(execute);
            }
            case WorkerRequest.Apply apply -> {
                if (apply.snapshotSlot() >= 0) {
                    abandon(apply.snapshotSlot(), apply.epoch(), apply.step());
                }
                at.stepping.applyAborted(apply);
            }
            case WorkerRequest.Snapshot snapshot ->
                    abandon(snapshot.slot(), snapshot.epoch(), snapshot.step());
            case WorkerRequest.Prepare prepare -> prepareFailed(prepare, "aborted", false);
            case WorkerRequest.LoadJob _, WorkerRequest.Finish _ -> {}
        }
    }

    private void prepareFailed(WorkerRequest.Prepare prepare, String words, boolean badState) {
        if (at.order != null && at.order.view().epoch() == prepare.epoch()) {
            at.restoring.faulted(words, badState);
        }
    }

    private void faulted(AgentEvent.WorkerFaulted event, JobSpec job, long now) {
        String words = event.code() + ": " + event.message();
        switch (event.request()) {
            case WorkerRequest.LoadJob _ -> {
                at.worker.stop();
                unfit(job, words);
            }
            case WorkerRequest.Prepare prepare -> {
                boolean badState = event.code().equals("bad_state");
                prepareFailed(prepare, words, badState);
                if (prepare.origin() == WorkerRequest.Origin.INIT && !badState) {
                    notInitialized(job, prepare.baseStep(), words);
                }
            }
            case WorkerRequest.Execute execute -> {
                at.worker.executing(false);
                at.stepping.notExecuted(execute);
                if (execute.epoch() < at.promised) {
                    if (job.runtimeReduces() && !event.code().equals(GROUP_BROKEN)) {
                        // The view is over, and whatever failed may have been half done.
                        at.worker.live(null, Digest.NONE);
                    }
                } else if (event.code().equals(GROUP_BROKEN)) {
                    at.worker.groupBroke(execute.step(), event.message(), now);
                } else {
                    failed(job, execute.step(), "execute of step ", words);
                }
            }
            case WorkerRequest.Apply apply -> failed(job, apply.step(), "apply of step ", words);
            case WorkerRequest.Snapshot snapshot ->
                    abandon(snapshot.slot(), snapshot.epoch(), snapshot.step());
            case WorkerRequest.Finish finish -> {
                if (finish.epoch() >= at.promised) {
                    troubles.failedAtTheEnd(job, finish.step());
                    at.worker.kill("finish at step " + finish.step() + " failed: " + words, false);
                }
            }
        }
    }

    // Nothing but the program has a part in its first state: it fails again.
    private void notInitialized(JobSpec job, long step, String words) {
        troubles.failed(job, step);
        if (troubles.failures() >= at.limits.loadAttempts()) {
            unfit(
                    job,
                    "the program failed %d times to make its initial state; the last time: %s"
                            .formatted(troubles.failures(), words));
            troubles.forget();
        }
    }

    private void failed(JobSpec job, long step, String what, String words) {
        troubles.failed(job, step);
        at.worker.kill(what + step + " failed: " + words, false);
    }

    private void exited(AgentEvent.WorkerExited event, JobSpec job, long now) {
        if (at.worker.isReplaced()) {
            replaced(job, now);
            return;
        }
        boolean wasLoaded = at.worker.isLoaded();
        boolean hung = at.worker.wasHung();
        StateLayout layout = at.worker.layout();
        at.vault.inspectIfWriting();
        at.keyValues.workerGone();
        // A program that fails or dies in the same step each time is not restarted for ever.
        if (wasLoaded && at.worker.diedByItself() && at.worker.towards() > 0) {
            troubles.died(job, at.worker.towards());
        }
        String verdict = troubles.verdict();
        boolean giveUp = wasLoaded && !verdict.isEmpty();
        boolean again = at.worker.exited(job, giveUp, now);
        if (!wasLoaded) {
            if (!again) {
                unfit(
                        job,
                        "the worker died "
                                + at.limits.loadAttempts()
                                + " times while it loaded the job; the last time: "
                                + event.cause());
            }
            return;
        }
        if (layout != null && !giveUp) {
            // Made while the next worker starts, so that nobody waits for it.
            at.vault.createRegion(at.worker.generation(), at.worker.regionShape(job, layout));
        }
        PrepareOrder order = at.order;
        AgentReport.WorkerLost loss =
                new AgentReport.WorkerLost(
                        job.jobId(),
                        order == null || order.rank() < 0 ? 0 : order.view().epoch(),
                        event.cause(),
                        hung);
        if (giveUp) {
            unfit(job, verdict + "; the last time: " + event.cause());
            troubles.forget();
        } else {
            at.untoldLoss = loss;
            out.report(loss);
        }
        if (order != null && order.rank() >= 0) {
            // The view is over for this rank: peers' data must not go into a region that nobody
            // uses.
            out.add(new AgentEffect.FenceData(job.jobId(), order.view().epoch() + 1));
        }
        if (at.phase == Phase.RESTORING || at.phase == Phase.VIEW_READY) {
            at.viewFailed("the worker died: " + event.cause());
        }
        at.stepping.halt(now);
        at.restoring.cancel();
        at.replication.stop();
        at.finishing = null;
        at.baseWanted = null;
        if (at.phase != Phase.FENCING && at.phase != Phase.FENCED) {
            at.phase = Phase.WARMING;
        }
    }

    /** The leader ended its view, and knows: the next one starts, and loads what it is told to. */
    private void replaced(JobSpec job, long now) {
        StateLayout layout = at.worker.layout();
        at.vault.inspectIfWriting();
        at.keyValues.workerGone();
        at.worker.exited(job, false, now);
        if (layout != null) {
            at.vault.createRegion(at.worker.generation(), at.worker.regionShape(job, layout));
        }
    }

    void fileReady(String file) {
        if (at.job != null && at.vault.regionReady(file)) {
            reportReady();
        } else if (at.job == null || !at.holding.fileReady(file)) {
            // Asked for by a job that has ended, or for a duty that was taken back.
            out.add(new AgentEffect.DeleteFile(file));
        }
    }

    void fileFailed(AgentEvent.FileFailed event) {
        JobSpec job = at.job;
        if (job == null || at.holding.fileFailed(event) || !at.vault.isRegion(event.file())) {
            return;
        }
        at.vault.regionFailed();
        String reason = "no room for the worker's shared memory: " + event.reason();
        at.worker.stop();
        unfit(job, reason);
        if (at.phase == Phase.RESTORING) {
            at.restoring.cancel();
            at.viewFailed(reason);
        }
    }
}
