package io.coxswain.coordinator.core.job;

import java.util.Locale;

/** What the start of a worker took, in words: what could be shortened is told apart. */
final class WorkerStart {
    private WorkerStart() {}

    static String text(String agent, JobEvent.AgentReady ready) {
        return String.format(
                Locale.ROOT,
                "worker of %s up: start and imports %s, program and data %s, compile %s",
                agent,
                seconds(ready.startNanos()),
                seconds(ready.loadNanos()),
                seconds(ready.compileNanos()));
    }

    static String loaded(String agent, JobEvent.ViewReadyReported ready) {
        return String.format(
                Locale.ROOT,
                "worker of %s: state loaded in %s (%s, %.1f MB)",
                agent,
                seconds(ready.restoreNanos()),
                ready.action(),
                ready.restoredBytes() / 1e6);
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
    }
}
