package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.ToWorker;

import java.io.IOException;
import java.util.List;

/** How a worker ends. */
final class EndChecks {
    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            "shutdown",
                            "#the-end",
                            "shutdown ends the process with status 0, with and without a view",
                            EndChecks::shutdown,
                            ProgramChecks.LOAD),
                    Entry.of(
                            "agent-gone",
                            "#the-end",
                            "a worker whose agent is gone ends",
                            EndChecks::agentGone,
                            HelloChecks.HELLO),
                    Entry.of(
                            "agent-gone-busy",
                            "#the-end",
                            "it does in the middle of a step, too",
                            EndChecks::agentGoneBusy,
                            StepChecks.STEPS),
                    Entry.of(
                            "sigterm",
                            "#the-kill-ladder",
                            "SIGTERM ends the process",
                            EndChecks::sigterm,
                            HelloChecks.HELLO));

    private EndChecks() {}

    /** Checks that a status is not 0. */
    static void requireFailure(int status) throws Broken {
        Broken.unless(status != 0, "an exit status other than 0", "status 0");
    }

    private static String shutdown(Trial trial) throws Broken, IOException, InterruptedException {
        shutDown(trial, trial.worker());
        Mesh mesh = trial.ready(trial.job());
        mesh.step(Mesh.NO_SNAPSHOT);
        long start = System.nanoTime();
        shutDown(trial, mesh.worker());
        return "after " + Texts.millis(System.nanoTime() - start);
    }

    private static void shutDown(Trial trial, KitWorker worker)
            throws Broken, InterruptedException {
        worker.send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()));
        int status = worker.exit(trial.limits().end(), "after shutdown");
        Broken.unless(status == 0, "exit status 0 after shutdown", "status " + status);
    }

    private static String agentGone(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        worker.hangUp();
        int status = worker.exit(trial.limits().end(), "after its agent closed the bridge");
        return "status " + status;
    }

    private static String agentGoneBusy(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.slowJob());
        AbortChecks.executeSlowly(trial, mesh.worker());
        long start = System.nanoTime();
        mesh.worker().hangUp();
        int status =
                mesh.worker()
                        .exit(
                                trial.limits().end(),
                                "after its agent closed the bridge in the middle of a step");
        return "status %d, after %s".formatted(status, Texts.millis(System.nanoTime() - start));
    }

    private static String sigterm(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        worker.terminate();
        int status = worker.exit(trial.limits().end(), "after SIGTERM");
        return "status " + status;
    }
}
