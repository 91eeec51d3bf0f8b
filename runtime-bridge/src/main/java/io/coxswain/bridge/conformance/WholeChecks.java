package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.JobSpec;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Workers that make steps whole and reduce among themselves. What holds for one rank is checked as
 * of any worker; two ranks find each other through the view's key-value store, for which the kit
 * stands in, and one of them dies.
 */
final class WholeChecks {
    private static final String RANKS = "ranks";
    private static final String SECTION = "#steps-made-whole";

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            StepChecks.STEPS,
                            SECTION,
                            "execute makes a step whole: loss, samples, a live state that moves on"
                                    + " and is made once",
                            WholeChecks::steps,
                            ProgramChecks.LOAD),
                    Entry.of(
                            RANKS,
                            SECTION,
                            "two ranks find each other in the view's first step, share the batch,"
                                    + " and hold the same state, to the bit",
                            WholeChecks::ranks,
                            StepChecks.STEPS),
                    Entry.of(
                            "finish",
                            "#finish",
                            "the final state is described, and the model evaluated when asked",
                            StepChecks::finish,
                            StepChecks.STEPS),
                    Entry.of(
                            StateChecks.SNAPSHOT,
                            "#snapshot",
                            "a snapshot is whole, named rightly, and of the digest that the worker"
                                    + " says, while steps go on",
                            StateChecks::snapshot,
                            StepChecks.STEPS),
                    Entry.of(
                            "slot-taken",
                            "#snapshot",
                            "a slot that is committed, or is not there, is refused; the step counts"
                                    + " all the same",
                            StateChecks::slotTaken,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            StateChecks.RESTORE,
                            "#prepareview",
                            "another process takes up a state from a slot and goes on from it",
                            StateChecks::restore,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "bad-slot",
                            "#prepareview",
                            "a slot that is empty, damaged, of another step or another digest is"
                                    + " refused with bad_state",
                            StateChecks::badSlot,
                            StateChecks.RESTORE),
                    Entry.of(
                            "keep-live",
                            "#prepareview",
                            "a worker that reforms keeps its live state in a new view, and only the"
                                    + " one that is there",
                            WholeChecks::keepLive,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            KillCheck.KILL,
                            "#snapshot",
                            KillCheck.RULE,
                            KillCheck::kill,
                            StateChecks.RESTORE),
                    Entry.of(
                            "abort",
                            "#abort",
                            "requests of an aborted epoch are answered with aborted",
                            WholeChecks::abort,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "abort-waiting",
                            SECTION,
                            "a worker that reforms leaves a step that waits for others in time, as"
                                    + " it was before, and makes it in the next view",
                            WholeChecks::abortWaiting,
                            RANKS,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "peer-dies",
                            SECTION,
                            "when another rank is killed in a step, a worker says group_broken or"
                                    + " can be killed too, and new processes go on from what both"
                                    + " left",
                            WholeChecks::peerDies,
                            RANKS,
                            StateChecks.RESTORE),
                    Entry.of(
                            "heartbeat",
                            "#side-channel",
                            "pings are answered at once while nothing goes on",
                            AbortChecks::heartbeat,
                            HelloChecks.HELLO),
                    Entry.of(
                            "heartbeat-busy",
                            "#side-channel",
                            "pings are answered in time in the middle of a step, and say so",
                            AbortChecks::heartbeatBusy,
                            StepChecks.STEPS));

    private WholeChecks() {}

    private static String steps(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        Broken.unless(
                mesh.parameterElements() == 0,
                "parameter_elements 0, since agents exchange nothing",
                mesh.parameterElements());
        StringBuilder losses = new StringBuilder();
        byte[] before = mesh.digest(0);
        for (int i = 0; i < StepChecks.SOME_STEPS; i++) {
            Executed executed = mesh.step(Mesh.NO_SNAPSHOT).executed().getFirst();
            double loss = requireSound(executed, trial.job().getBatch());
            losses.append(i == 0 ? "losses " : ", ").append("%.4f".formatted(loss));
            byte[] after = mesh.digest(0);
            Broken.unless(
                    !Arrays.equals(before, after),
                    "a state that changes with step " + mesh.liveStep(),
                    "the same digest as before");
            before = after;
        }
        mesh.worker().fault(Mesh.execute(mesh.epoch(), mesh.liveStep()), "bad_state");
        StepChecks.requireDigest(mesh, before, "after a step that was asked for twice");
        return losses.toString();
    }

    /** Returns the loss. */
    private static double requireSound(Executed executed, long samples) throws Broken {
        Broken.unless(Float.isFinite(executed.getLoss()), "a finite loss", executed.getLoss());
        Broken.unless(
                executed.getMicroshardLossesCount() == 0,
                "no losses of microshards, which nobody reduces",
                executed.getMicroshardLossesList());
        Broken.unless(
                executed.getSamples() == samples,
                "%d samples".formatted(samples),
                executed.getSamples());
        return executed.getLoss();
    }

    private static JobSpec twoRanks(Trial trial) throws NotApplicable {
        JobSpec job = Conformance.mesh(trial.job(), 2, 1);
        if (job.getMicroshards() < 2) {
            throw new NotApplicable("needs a job with two microshards");
        }
        return job;
    }

    /** How many samples of the batch a rank of two takes. */
    private static long share(JobSpec job, Mesh mesh, int rank) {
        long batch = job.getBatch();
        return batch * mesh.microshard(rank + 1) / job.getMicroshards()
                - batch * mesh.microshard(rank) / job.getMicroshards();
    }

    private static String ranks(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        JobSpec job = twoRanks(trial);
        Mesh two = trial.ready(job);
        Mesh one = trial.ready(trial.job());
        requireSame(two, "in the initial state");
        for (int i = 0; i < StepChecks.SOME_STEPS; i++) {
            List<Executed> executed = two.step(Mesh.NO_SNAPSHOT).executed();
            long hash = 0;
            for (int rank = 0; rank < 2; rank++) {
                double unusedLoss = requireSound(executed.get(rank), share(job, two, rank));
                hash += executed.get(rank).getSampleHash();
            }
            Executed alone = one.step(Mesh.NO_SNAPSHOT).executed().getFirst();
            Broken.unless(
                    hash == alone.getSampleHash(),
                    "sample hashes of two ranks that add up to one rank's, %016x"
                            .formatted(alone.getSampleHash()),
                    "%016x".formatted(hash));
            requireSame(two, "after step " + two.liveStep());
        }
        return "";
    }

    private static void requireSame(Mesh mesh, String when) throws Broken, InterruptedException {
        byte[] first = mesh.digest(0);
        byte[] second = mesh.digest(1);
        Broken.unless(
                Arrays.equals(first, second),
                "the same state in both ranks %s: %s".formatted(when, Texts.of(first)),
                Texts.of(second));
    }

    private static void requireReforms(Mesh mesh, String otherwise) throws NotApplicable {
        if (!mesh.loaded().getReforms()) {
            throw new NotApplicable(
                    "the worker does not reform: an agent that ends its view " + otherwise);
        }
    }

    private static String keepLive(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        requireReforms(mesh, "starts another process");
        return StateChecks.keepLive(trial);
    }

    private static String abort(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        byte[] state = mesh.stepInto(0).getDigest().toByteArray();
        KitWorker worker = mesh.worker();
        worker.abort(2);
        worker.abort(1);
        Pong unusedPong = worker.ping(trial.limits().pong());
        AbortChecks.requireAborted(worker, Mesh.execute(1, 2));
        AbortChecks.requireAborted(worker, Mesh.snapshot(1, 1, 1));
        AbortChecks.requireAborted(
                worker,
                ToWorker.newBuilder()
                        .setPrepareView(mesh.view(0, 1, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE)));
        if (mesh.loaded().getReforms()) {
            mesh.prepare(0, mesh.view(0, 2, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
            mesh.begun(2, 1);
            StepChecks.requireDigest(mesh, state, "after the aborts");
            mesh.step(Mesh.NO_SNAPSHOT);
        }
        return "";
    }

    /** Rank 0 begins a step that rank 1 does not take part in; returns its request. */
    private static long waitForPeer(Trial trial, Mesh mesh) throws Broken, InterruptedException {
        long waiting = mesh.worker().send(Mesh.execute(mesh.epoch(), mesh.liveStep() + 1));
        Pong unusedPong = AbortChecks.awaitBusy(trial, mesh.worker());
        return waiting;
    }

    private static String abortWaiting(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(twoRanks(trial));
        requireReforms(mesh, "kills its process");
        mesh.step(Mesh.NO_SNAPSHOT);
        byte[] state = mesh.digest(0);
        long waiting = waitForPeer(trial, mesh);
        long start = System.nanoTime();
        mesh.worker(0).abort(2);
        mesh.worker(1).abort(2);
        FromWorker answer = mesh.worker(0).answer(waiting, trial.limits().abort());
        long nanos = System.nanoTime() - start;
        Broken.unless(
                answer.hasAborted(),
                "aborted for the step that waited for the other rank",
                Texts.of(answer));
        for (int rank = 0; rank < 2; rank++) {
            mesh.prepare(rank, mesh.view(rank, 2, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        }
        mesh.begun(2, 1);
        StepChecks.requireDigest(mesh, state, "after a step that was given up");
        mesh.step(Mesh.NO_SNAPSHOT);
        requireSame(mesh, "in the next view");
        return "after " + Texts.millis(nanos);
    }

    private static String peerDies(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(twoRanks(trial));
        mesh.step(Mesh.NO_SNAPSHOT);
        SnapshotCommitted[] held = {mesh.snapshot(0, 0), mesh.snapshot(1, 0)};
        long waiting = waitForPeer(trial, mesh);
        mesh.worker(1).kill();
        String told = requireNoBlame(trial, mesh, waiting);
        mesh.worker(0).kill();

        Mesh heirs = trial.loaded(twoRanks(trial));
        for (int rank = 0; rank < 2; rank++) {
            byte[] digest = held[rank].getDigest().toByteArray();
            heirs.prepare(rank, heirs.fromSlot(rank, 2, 1, mesh.region(rank).path(), 0, digest));
        }
        heirs.begun(2, 1);
        heirs.step(Mesh.NO_SNAPSHOT);
        requireSame(heirs, "one step after both had died");
        return told;
    }

    /** A worker whose group broke says so, or waits; it never calls itself wrong. */
    private static String requireNoBlame(Trial trial, Mesh mesh, long waiting)
            throws Broken, InterruptedException {
        KitWorker worker = mesh.worker(0);
        long deadline = System.nanoTime() + trial.limits().end().toNanos();
        while (!worker.hasAnswer(waiting) && System.nanoTime() < deadline) {
            Pong unusedPong = worker.ping(trial.limits().pong());
            worker.drain();
            Thread.sleep(1);
        }
        if (!worker.hasAnswer(waiting)) {
            return "it waits, and is killed";
        }
        FromWorker answer = worker.answer(waiting, trial.limits().answer());
        Broken.unless(
                answer.getFault().getCode().equals("group_broken"),
                "a fault group_broken for the step whose other rank died, or none",
                Texts.of(answer));
        if (mesh.loaded().getReforms()) {
            mesh.prepare(0, mesh.view(0, 2, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        }
        return "it says group_broken";
    }
}
