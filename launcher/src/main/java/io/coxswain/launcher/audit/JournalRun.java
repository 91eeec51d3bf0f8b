package io.coxswain.launcher.audit;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Place;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * The log of a run under Coxswain in the words of other runs' logs ({@code docs/goodput.md} has the
 * rules), from the lines of its journal. Steps are reported several at once and are spread evenly
 * over the time of their report; each view after the first is an attempt of its own. Not
 * thread-safe.
 */
final class JournalRun {
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Takes entries in order. */
    @FunctionalInterface
    interface Sink {
        void accept(LogEntry entry) throws ConfigException;
    }

    /** A recovery moved to that phase. */
    private record Mark(long atNanos, Incident.Phase phase) {}

    private final String job;
    private final int slots;
    private final Sink sink;
    private final List<String> notes = new ArrayList<>();
    private final List<Mark> recovery = new ArrayList<>();
    private long offsetNanos;
    private boolean lifeKnown;
    private long lastNanos = Long.MIN_VALUE;
    private Place place = new Place("the journal", 0, 0);
    private boolean begun;
    private boolean starting;
    private boolean over;
    private boolean interrupted;
    private long failedNanos;
    private int attempt;
    private int workers;
    private long epoch;

    /** Steps that are completed; −1: not known yet. */
    private long done = -1;

    /** When the step after them began. */
    private long stepNanos;

    private long gaps;
    private double ledgerRatio = -1;

    /**
     * Reads one job.
     *
     * @param slots ranks of its mesh
     */
    JournalRun(String job, int slots, Sink sink) {
        this.job = job;
        this.slots = slots;
        this.sink = sink;
    }

    /** What a reader of the account has to know. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /** The ledger's share of the run, as the newest event tells it; −1: none does. */
    double ledgerRatio() {
        return ledgerRatio;
    }

    /**
     * Takes the next line.
     *
     * @throws ConfigException if the lines before it contradict it
     * @throws IllegalArgumentException if it is no event of its kind
     */
    void accept(JournalLine line) throws ConfigException {
        if (line.kind().equals(JournalLine.OPENED)) {
            lifeKnown = false;
        }
        if (!lifeKnown) {
            offsetNanos = line.wallMillis() * NANOS_PER_MILLI - line.monotonicNanos();
            lifeKnown = true;
        }
        if (over) {
            return;
        }
        if (line.kind().equals("Gap") && begun) {
            gaps++;
        }
        if (!line.job().equals(job)) {
            return;
        }
        place = new Place("event " + line.sequence() + " of term " + line.term(), 0, 0);
        long at = Math.max(lastNanos, line.monotonicNanos() + offsetNanos);
        CoordinatorEvent event = line.event();
        if (event == null) {
            return;
        }
        begin(event, line.sequence(), at);
        switch (event) {
            case CoordinatorEvent.ViewActivated view -> activated(view, at);
            case CoordinatorEvent.StepsCompleted steps -> completed(steps, at);
            case CoordinatorEvent.IncidentProgressed progressed -> progressed(progressed, at);
            case CoordinatorEvent.IncidentClosed _ -> {
                // Where no view came of it, it interrupted nothing.
                interrupted = false;
                recovery.clear();
            }
            case CoordinatorEvent.JobFinished _ -> finished(at);
            default -> {
                // What tells nothing of where time went.
            }
        }
    }

    private void begin(CoordinatorEvent first, long sequence, long at) throws ConfigException {
        if (begun) {
            return;
        }
        begun = true;
        tell(at, new LogEvent.JobStart());
        tell(at, new LogEvent.AttemptStart(0));
        if (first instanceof CoordinatorEvent.JobSubmitted
                || first instanceof CoordinatorEvent.JobQueued) {
            starting = true;
            tell(at, new LogEvent.PhaseStart(LogEvent.Phase.INIT, LogEvent.NO_STEP));
        } else {
            notes.add(
                    "the journal has the job from event "
                            + sequence
                            + " on: what was before is not in this account");
        }
    }

    private void activated(CoordinatorEvent.ViewActivated view, long at) throws ConfigException {
        if (view.epoch() == epoch) {
            // Another leader goes on with it.
            return;
        }
        epoch = view.epoch();
        if (starting) {
            starting = false;
            tell(at, new LogEvent.PhaseEnd(LogEvent.Phase.INIT));
        } else if (done >= 0) {
            if (!interrupted) {
                interrupted = true;
                failedNanos = at;
            }
            recover(view.baseStep(), at);
        }
        interrupted = false;
        recovery.clear();
        workers = view.members().size();
        tell(at, new LogEvent.Membership(Math.min(workers, slots), slots));
        done = view.baseStep();
        stepNanos = at;
    }

    private void completed(CoordinatorEvent.StepsCompleted steps, long at) throws ConfigException {
        ledgerRatio = steps.goodputRatio() >= 0 ? steps.goodputRatio() : ledgerRatio;
        if (done < 0) {
            done = steps.step();
            stepNanos = at;
            return;
        }
        // Of what a fence found completed the report comes with the next view.
        boolean fenced = recovery.stream().anyMatch(mark -> mark.phase() != Incident.Phase.DETECT);
        steps(steps.step() - done, fenced ? Math.max(stepNanos, failedNanos) : at);
    }

    /** So many more are completed, spread evenly from the last one's end on. */
    private void steps(long count, long until) throws ConfigException {
        long from = stepNanos;
        long first = done;
        for (long i = 0; i < count; i++) {
            tell(
                    from + share(until - from, i, count),
                    new LogEvent.StepStart(first + i, Math.max(1, workers)));
            tell(from + share(until - from, i + 1, count), new LogEvent.StepEnd(first + i));
        }
        if (count > 0) {
            done = first + count;
            stepNanos = until;
        }
    }

    private static long share(long nanos, long part, long whole) {
        return (long) ((double) nanos * part / whole);
    }

    private void progressed(CoordinatorEvent.IncidentProgressed progressed, long at) {
        Incident incident = progressed.incident();
        if (incident.kind() == Incident.Kind.SPARE && !interrupted) {
            return;
        }
        if (!interrupted) {
            interrupted = true;
            // Its phases end with the event that tells of them.
            failedNanos = at - incident.phases().total();
        }
        if (progressed.phase() != Incident.Phase.DETECT || recovery.isEmpty()) {
            recovery.add(new Mark(at, progressed.phase()));
        }
    }

    /** The recovery as it went, once it is known from where training goes on. */
    private void recover(long base, long until) throws ConfigException {
        // Steps that were completed and whose report came too late.
        steps(base - done, Math.max(stepNanos, failedNanos));
        tell(stepNanos, new LogEvent.StepStart(done, Math.max(1, workers)));
        long resumesAt = Math.min(base, done);
        tell(failedNanos, new LogEvent.Failure(resumesAt));
        boolean fenced = false;
        LogEvent.@Nullable Phase phase = null;
        for (Mark mark : recovery) {
            switch (mark.phase()) {
                case DETECT -> {
                    // From the failure on it is detection.
                }
                case FENCE, DECIDE -> {
                    boolean again = fenced && mark.phase() == Incident.Phase.FENCE;
                    if (again) {
                        tell(mark.atNanos(), new LogEvent.Failure(resumesAt));
                        phase = null;
                    }
                    if (!fenced || again) {
                        tell(mark.atNanos(), new LogEvent.AttemptStart(++attempt));
                    }
                    fenced = true;
                    phase = turn(phase, LogEvent.Phase.INIT, mark.atNanos(), resumesAt);
                }
                case RESTORE -> {
                    if (!fenced) {
                        tell(mark.atNanos(), new LogEvent.AttemptStart(++attempt));
                        fenced = true;
                    }
                    phase = turn(phase, LogEvent.Phase.RESTORE, mark.atNanos(), resumesAt);
                }
                case RESUME -> phase = turn(phase, null, mark.atNanos(), resumesAt);
            }
        }
        if (!fenced) {
            tell(until, new LogEvent.AttemptStart(++attempt));
        }
        turn(phase, null, until, resumesAt);
    }

    private LogEvent.@Nullable Phase turn(
            LogEvent.@Nullable Phase from, LogEvent.@Nullable Phase to, long at, long step)
            throws ConfigException {
        if (from == to) {
            return to;
        }
        if (from != null) {
            tell(at, new LogEvent.PhaseEnd(from));
        }
        if (to != null) {
            tell(
                    at,
                    new LogEvent.PhaseStart(
                            to, to == LogEvent.Phase.RESTORE ? step : LogEvent.NO_STEP));
        }
        return to;
    }

    private void finished(long at) throws ConfigException {
        over = true;
        leave(at);
        tell(at, new LogEvent.JobEnd());
    }

    private void leave(long at) throws ConfigException {
        if (interrupted && done >= 0) {
            recover(done, at);
        }
    }

    /** Nothing comes any more. */
    void finish() throws ConfigException {
        if (!begun) {
            throw new ConfigException(
                    List.of("the journal tells nothing of job " + job + " that takes time"));
        }
        if (!over) {
            leave(lastNanos);
        }
        if (gaps > 0) {
            notes.add(
                    "the journal has "
                            + gaps
                            + (gaps == 1 ? " gap" : " gaps")
                            + ": events are missing, and steps in them are spread evenly");
        }
    }

    // Whatever the order in which things became known, they are told in the order of time.
    private void tell(long atNanos, LogEvent event) throws ConfigException {
        lastNanos = Math.max(lastNanos, atNanos);
        sink.accept(new LogEntry(lastNanos, place, event));
    }
}
