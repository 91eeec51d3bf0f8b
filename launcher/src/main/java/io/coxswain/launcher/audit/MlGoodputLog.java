package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import java.util.function.Consumer;

/**
 * The log that a program instrumented with ml-goodput-measurement would have left of the same run.
 * Failures and stalls are not in it: who dies or hangs records nothing.
 */
final class MlGoodputLog {
    private final Consumer<MlEntry> sink;
    private @Nullable LogEntry save;
    private @Nullable LogEntry restore;
    private long resumesAt;

    MlGoodputLog(Consumer<MlEntry> sink) {
        this.sink = sink;
    }

    /** Takes the next entry of a log that makes sense. */
    void happened(LogEntry entry) {
        long at = entry.atNanos();
        switch (entry.event()) {
            case LogEvent.JobStart _ -> {
                // The recorder's job start is that of a process.
            }
            case LogEvent.AttemptStart _ -> {
                save = null;
                restore = null;
                sink.accept(new MlEntry.JobStart(at));
            }
            case LogEvent.JobEnd _ -> sink.accept(new MlEntry.JobEnd(at));
            case LogEvent.StepStart begun -> {
                sink.accept(new MlEntry.StepStart(begun.step(), at));
                mark(MlEntry.What.DATA_LOADING, true, at);
            }
            case LogEvent.DataEnd _ -> mark(MlEntry.What.DATA_LOADING, false, at);
            case LogEvent.StepEnd _ -> {
                // Its calculator takes the next step's start for it.
            }
            case LogEvent.SaveStart _ -> save = entry;
            case LogEvent.SaveEnd ended -> {
                if (save != null) {
                    checkpoint(true, ended.step(), save.atNanos(), at);
                }
                save = null;
            }
            case LogEvent.PhaseStart begun -> begin(entry, begun);
            case LogEvent.PhaseEnd ended -> end(at, ended.phase());
            case LogEvent.Failure failed -> {
                save = null;
                restore = null;
                resumesAt = failed.lostTo();
            }
            case LogEvent.Membership members ->
                    sink.accept(new MlEntry.SliceCounts(members.active(), members.total(), at));
        }
    }

    private void begin(LogEntry entry, LogEvent.PhaseStart begun) {
        if (begun.phase() == LogEvent.Phase.RESTORE) {
            restore = entry;
            resumesAt = begun.step() == LogEvent.NO_STEP ? resumesAt : begun.step();
        }
        mark(begun.phase(), true, entry.atNanos());
    }

    private void end(long at, LogEvent.Phase phase) {
        if (phase == LogEvent.Phase.RESTORE && restore != null) {
            checkpoint(false, resumesAt, restore.atNanos(), at);
            restore = null;
        }
        mark(phase, false, at);
    }

    private void mark(LogEvent.Phase phase, boolean begins, long at) {
        switch (phase) {
            case INIT -> mark(MlEntry.What.TPU_INIT, begins, at);
            case PREP -> mark(MlEntry.What.TRAINING_PREP, begins, at);
            case FIRST_DATA -> mark(MlEntry.What.DATA_LOADING, begins, at);
            case RECONFIGURE -> mark(MlEntry.What.ELASTIC_REINIT, begins, at);
            case RESTORE, STALL -> {
                // A restore is told when it is over, a stall never.
            }
        }
    }

    private void mark(MlEntry.What what, boolean begins, long at) {
        sink.accept(new MlEntry.Mark(what, begins, at));
    }

    private void checkpoint(boolean save, long step, long startNanos, long endNanos) {
        sink.accept(new MlEntry.Checkpoint(save, step, startNanos, endNanos - startNanos));
    }
}
