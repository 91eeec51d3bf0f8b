package io.coxswain.launcher.audit;

import java.util.Locale;

/** What an entry of the log says. Steps count from 0. */
public sealed interface LogEvent {
    /** The first entry. */
    record JobStart() implements LogEvent {}

    /** The last entry. */
    record JobEnd() implements LogEvent {}

    /** A process, started or started again, begins. */
    record AttemptStart(long attempt) implements LogEvent {}

    /** Something that is no step begins. */
    record PhaseStart(Phase phase, long step) implements LogEvent {}

    /** It ends. */
    record PhaseEnd(Phase phase) implements LogEvent {}

    /** A step begins, with the wait for its data, on so many workers. */
    record StepStart(long step, int workers) implements LogEvent {}

    /** Its data are there; it computes. */
    record DataEnd(long step) implements LogEvent {}

    /** It is done. */
    record StepEnd(long step) implements LogEvent {}

    /** A checkpoint of the first {@code step} steps begins; training waits for it. */
    record SaveStart(long step) implements LogEvent {}

    /** It is written. */
    record SaveEnd(long step) implements LogEvent {}

    /** A worker dies; training will go on with step {@code lostTo}. */
    record Failure(long lostTo) implements LogEvent {}

    /** So many workers are there, of so many that there should be. */
    record Membership(int active, int total) implements LogEvent {}

    /** {@link PhaseStart#step} where the log names none. */
    long NO_STEP = -1;

    /** What a run does when it does not step. */
    enum Phase {
        INIT,
        PREP,
        FIRST_DATA,
        RESTORE,
        RECONFIGURE,
        STALL;

        /** The name in the log. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
