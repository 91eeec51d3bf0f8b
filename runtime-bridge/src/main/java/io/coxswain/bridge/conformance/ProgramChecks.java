package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.control.v1.JobSpec;

import java.io.IOException;
import java.util.List;

/** Loading programs. */
final class ProgramChecks {
    static final String LOAD = "load";

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            LOAD,
                            "#loadjob",
                            "a job is loaded and its state's layout adds up",
                            ProgramChecks::load,
                            HelloChecks.HELLO),
                    Entry.of(
                            "load-again",
                            "#idempotence-and-repeats",
                            "the same job again is answered the same, in this process and in"
                                + " another",
                            ProgramChecks::loadAgain,
                            LOAD),
                    Entry.of(
                            "other-job",
                            "#states",
                            "another job replaces the first, and its view with it",
                            ProgramChecks::otherJob,
                            LOAD),
                    Entry.of(
                            "bad-job",
                            "#faults",
                            "a job that cannot run is refused in words, and the worker goes on",
                            ProgramChecks::badJob,
                            LOAD));

    private ProgramChecks() {}

    private static String load(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.loaded(trial.job());
        JobLoaded loaded = mesh.loaded();
        trial.facts().deterministic = loaded.getLayout().getDeterministic();
        return "%d parameters, state of %d bytes in %d pieces, %sdeterministic; loaded in %s, compiled in %s"
                .formatted(
                        mesh.parameterElements(),
                        loaded.getLayout().getShardStateBytes(0),
                        loaded.getShardPieces(0),
                        trial.facts().deterministic ? "" : "not ",
                        Texts.millis(loaded.getLoadNanos()),
                        Texts.millis(loaded.getCompileNanos()));
    }

    private static String loadAgain(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        JobLoaded first = Mesh.load(worker, trial.job(), false);
        JobLoaded second = Mesh.load(worker, trial.job(), true);
        Layouts.requireEqual(first, second, "for the same job loaded again");
        JobLoaded elsewhere = Mesh.load(trial.worker(), trial.job(), false);
        Layouts.requireEqual(first, elsewhere, "in another process");
        return "";
    }

    private static String otherJob(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        JobSpec other = trial.job().toBuilder().setJobId(trial.job().getJobId() + "-2").build();
        Mesh.load(mesh.worker(), other, false);
        mesh.worker().fault(Mesh.execute(mesh.epoch(), 1), "bad_state");
        return "";
    }

    private static String badJob(Trial trial) throws Broken, IOException, InterruptedException {
        KitWorker worker = trial.worker();
        JobSpec job = trial.job();
        worker.fault(
                Mesh.loadJob(job.toBuilder().setRuntimeKind("no-such-runtime").build(), false),
                "program_invalid",
                "bad_request");
        // Whether a runtime reads its section is its own business; that it survives it is not.
        FromWorker answer =
                worker.call(Mesh.loadJob(job.toBuilder().setRuntimeJson("{\"").build(), false));
        Broken.unless(
                answer.hasFault() || answer.hasJobLoaded(),
                "a Fault for a runtime section that is no JSON",
                Texts.of(answer));
        Mesh.load(worker, job, false);
        return answer.hasFault() ? answer.getFault().getCode() : "the runtime section is not read";
    }
}
