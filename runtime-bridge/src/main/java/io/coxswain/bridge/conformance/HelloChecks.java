package io.coxswain.bridge.conformance;

import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.bridge.host.WorkerHost;
import io.coxswain.proto.bridge.v1.Welcome;

import java.io.IOException;
import java.util.List;

/** The beginning: who connects how, and what versions mean. */
final class HelloChecks {
    static final String HELLO = "hello";

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            HELLO,
                            "#hello",
                            "both channels come up in time, with token, version, kind and pid",
                            HelloChecks::hello),
                    Entry.of(
                            "other-major",
                            "#versions",
                            "an agent of another major version makes the worker end, and say why",
                            HelloChecks::otherMajor,
                            HELLO),
                    Entry.of(
                            "refused",
                            "#hello",
                            "a worker whose connection ends before the welcome ends too",
                            HelloChecks::refused,
                            HELLO),
                    Entry.of(
                            "newer-minor",
                            "#versions",
                            "an agent of a newer minor version, with fields unknown yet, is served",
                            HelloChecks::newerMinor,
                            HELLO));

    private HelloChecks() {}

    private static String hello(Trial trial) throws Broken, IOException, InterruptedException {
        long start = System.nanoTime();
        KitWorker worker = trial.worker();
        String kind = worker.hello().getRuntimeKind();
        trial.facts().runtimeKind = kind;
        long nanos = System.nanoTime() - start;
        worker.ping(trial.limits().pong());
        return "%s, after %s".formatted(kind, Texts.millis(nanos));
    }

    private static String otherMajor(Trial trial) throws Broken, IOException, InterruptedException {
        WorkerStart start = trial.start();
        start.answerFirstHello(
                WorkerStart.welcome().toBuilder()
                        .setProtocolMajor(WorkerStart.OTHER_MAJOR)
                        .build());
        EndChecks.requireFailure(
                start.exit(
                        trial.limits().end(),
                        "after a welcome of major version " + WorkerStart.OTHER_MAJOR));
        Broken.unless(
                start.lastWords().contains(Integer.toString(WorkerStart.OTHER_MAJOR)),
                "last words that name the agent's version, " + WorkerStart.OTHER_MAJOR,
                start.lastWords().isBlank() ? "none" : "others");
        return "";
    }

    private static String refused(Trial trial) throws Broken, IOException, InterruptedException {
        WorkerStart start = trial.start();
        start.answerFirstHello(null);
        EndChecks.requireFailure(
                start.exit(trial.limits().end(), "after its connection was closed unwelcomed"));
        return "";
    }

    private static String newerMinor(Trial trial) throws Broken, IOException, InterruptedException {
        Welcome newer =
                WorkerStart.welcome().toBuilder()
                        .setProtocolMinor(WorkerHost.PROTOCOL_MINOR + 7)
                        .setUnknownFields(MessageChecks.unknownFields())
                        .build();
        KitWorker worker = trial.worker(newer);
        Mesh.load(worker, trial.job(), false);
        worker.ping(trial.limits().pong());
        return "";
    }
}
