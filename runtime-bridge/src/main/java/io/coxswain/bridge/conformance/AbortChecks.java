package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** Heartbeats, and the end of a view while work for it goes on. */
final class AbortChecks {
    private static final int PINGS = 5;

    /** Ends the work of all epochs. */
    private static final long ALL = -1;

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            "abort",
                            "#abort",
                            "requests of an aborted epoch are answered with aborted, and change"
                                    + " nothing",
                            AbortChecks::abort,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "abort-blocked",
                            "#abort",
                            "a step that is running stops in time, and the live state is as before",
                            AbortChecks::abortBlocked,
                            StateChecks.SNAPSHOT),
                    Entry.of(
                            "late-answer",
                            "#requests",
                            "an answer that comes after the next view was ordered says its own"
                                    + " epoch, and comes first",
                            AbortChecks::lateAnswer,
                            StateChecks.SNAPSHOT),
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

    private AbortChecks() {}

    private static String abort(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        byte[] state = mesh.stepInto(0).getDigest().toByteArray();
        KitWorker worker = mesh.worker();
        // Whether the step or the abort is first is open; what comes after it is not.
        long running = worker.send(Mesh.execute(1, 2));
        worker.abort(2);
        FromWorker answer = worker.answer(running, trial.limits().answer());
        Broken.unless(
                answer.hasAborted() || answer.hasExecuted(),
                "aborted, or executed, for the step that an abort met",
                Texts.of(answer));
        worker.abort(2);
        worker.abort(1);
        worker.ping(trial.limits().pong());
        requireAborted(worker, Mesh.execute(1, 2));
        requireAborted(worker, Mesh.apply(1, 2, Mesh.NO_SNAPSHOT));
        requireAborted(worker, Mesh.apply(1, 2, 1));
        requireAborted(worker, Mesh.snapshot(1, 1, 1));
        requireAborted(
                worker,
                ToWorker.newBuilder()
                        .setPrepareView(mesh.view(0, 1, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE)));
        mesh.prepare(0, mesh.view(0, 2, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        mesh.begun(2, 1);
        StepChecks.requireDigest(mesh, state, "after the aborts");
        mesh.step(Mesh.NO_SNAPSHOT);
        worker.abort(ALL);
        worker.ping(trial.limits().pong());
        requireAborted(worker, Mesh.execute(2, 3));
        return "";
    }

    /** To be called when a ping after the abort was answered: two channels have no common order. */
    static void requireAborted(KitWorker worker, ToWorker.Builder request)
            throws Broken, InterruptedException {
        FromWorker answer = worker.call(request);
        Broken.unless(
                answer.hasAborted(),
                "aborted in answer to a request of an aborted epoch",
                Texts.of(answer));
    }

    private static String abortBlocked(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.slowJob());
        byte[] state = mesh.digest(0);
        float[] parameters = Mesh.values(mesh.region(0).parameters());
        KitWorker worker = mesh.worker();
        long running = worker.send(Mesh.execute(1, 1));
        awaitBusy(trial, worker);
        long start = System.nanoTime();
        worker.abort(2);
        FromWorker answer = worker.answer(running, trial.limits().abort());
        long nanos = System.nanoTime() - start;
        Broken.unless(
                answer.hasAborted(), "aborted for the step that was stopped", Texts.of(answer));
        mesh.prepare(0, mesh.view(0, 2, 0, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        Broken.unless(
                Arrays.equals(parameters, Mesh.values(mesh.region(0).parameters())),
                "parameters that an aborted step leaves alone",
                "others");
        mesh.begun(2, 0);
        StepChecks.requireDigest(mesh, state, "after the step was stopped");
        return "after " + Texts.millis(nanos);
    }

    /** Begins a long step, and returns when the worker says that it is at it. */
    static void executeSlowly(Trial trial, KitWorker worker) throws Broken, InterruptedException {
        worker.send(Mesh.execute(1, 1));
        Pong unusedPong = awaitBusy(trial, worker);
    }

    /** Waits until the worker says that it executes, ping by ping. */
    static Pong awaitBusy(Trial trial, KitWorker worker) throws Broken, InterruptedException {
        long deadline = System.nanoTime() + trial.limits().answer().toNanos();
        Pong pong = worker.ping(trial.limits().pong());
        while (!pong.getOperation().equals("execute")) {
            Broken.unless(
                    System.nanoTime() < deadline,
                    "pongs that say operation execute while a step is computed",
                    "operation " + pong.getOperation());
            Thread.sleep(1);
            pong = worker.ping(trial.limits().pong());
        }
        return pong;
    }

    private static String lateAnswer(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.slowJob());
        KitWorker worker = mesh.worker();
        long running = worker.send(Mesh.execute(1, 1));
        long waiting = worker.send(Mesh.execute(1, 1));
        awaitBusy(trial, worker);
        long prepare =
                worker.send(
                        ToWorker.newBuilder()
                                .setPrepareView(
                                        mesh.view(0, 2, 0, StateOrigin.STATE_ORIGIN_KEEP_LIVE)));
        worker.abort(2);
        // That each says its own epoch, and that they come in order, is asked of every answer.
        FromWorker first = worker.answer(running, trial.limits().abort());
        FromWorker second = worker.answer(waiting, trial.limits().answer());
        FromWorker third = worker.answer(prepare, trial.limits().answer());
        Broken.unless(
                first.hasAborted() && second.hasAborted() && third.hasViewPrepared(),
                "aborted, aborted, view_prepared",
                "%s; %s; %s".formatted(Texts.of(first), Texts.of(second), Texts.of(third)));
        return "";
    }

    static String heartbeat(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        return "slowest of %d after %s".formatted(PINGS, Texts.millis(pings(trial, worker)));
    }

    private static long pings(Trial trial, KitWorker worker) throws Broken, InterruptedException {
        long slowest = 0;
        for (int i = 0; i < PINGS; i++) {
            long start = System.nanoTime();
            Pong pong = worker.ping(trial.limits().pong());
            slowest = Math.max(slowest, System.nanoTime() - start);
            Broken.unless(!pong.getOperation().isEmpty(), "pongs that name an operation", "none");
        }
        return slowest;
    }

    static String heartbeatBusy(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.slowJob());
        KitWorker worker = mesh.worker();
        worker.send(Mesh.execute(1, 1));
        Pong busy = awaitBusy(trial, worker);
        Broken.unless(busy.getStep() == 1, "pongs that name step 1", busy.getStep());
        return "slowest of %d after %s".formatted(PINGS, Texts.millis(pings(trial, worker)));
    }
}
