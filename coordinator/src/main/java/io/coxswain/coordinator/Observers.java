package io.coxswain.coordinator;

import io.coxswain.coordinator.adapter.trace.Traces;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.journal.Journal;
import io.coxswain.coordinator.journal.JournalSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/**
 * A coordinator's own listeners: its log, its traces and its journal, in this order, since the
 * journal names the traces. They hear events as everybody does, off the decision loop.
 */
final class Observers implements AutoCloseable {
    private final @Nullable Traces traces;
    private final @Nullable Journal journal;

    private Observers(@Nullable Traces traces, @Nullable Journal journal) {
        this.traces = traces;
        this.journal = journal;
    }

    /**
     * Listens from the first event on.
     *
     * @param settings null: no journal
     * @throws IOException if the journal cannot be written
     */
    static Observers start(
            EventLog events,
            String coordinatorId,
            @Nullable Traces traces,
            @Nullable JournalSettings settings)
            throws IOException {
        Journal journal =
                settings == null
                        ? null
                        : Journal.open(
                                settings,
                                coordinatorId,
                                traces == null ? TraceLookup.NONE : traces,
                                System::nanoTime,
                                System::currentTimeMillis);
        var observers = new Observers(traces, journal);
        var _ = events.listen(0, observers::on);
        return observers;
    }

    private void on(SequencedEvent event) {
        DecisionLog.log(event);
        if (traces != null) {
            traces.on(event);
        }
        if (journal != null) {
            journal.on(event);
        }
    }

    /** After the events are closed: nothing is heard any more. */
    @Override
    public void close() {
        if (traces != null) {
            traces.close();
        }
        if (journal != null) {
            journal.close();
        }
    }
}
