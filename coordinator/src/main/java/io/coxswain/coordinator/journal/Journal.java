package io.coxswain.coordinator.journal;

import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Writes every event to a file, a JSON line each ({@code docs/events.md}). It is a listener like
 * any other: the events wait for it in the coordinator's ring, and what it could not write, because
 * it was too slow or the disk is full, stands in the file as a {@code Gap}. A disk that is full is
 * told of once, is tried again with an event that comes a second later, and never holds up anything
 * else. Thread-safe.
 */
public final class Journal implements CoordinatorListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    private static final int SCHEMA = 1;
    private static final long RETRY_NANOS = 1_000_000_000L;

    /**
     * An incident of more ranks is written without their sources: lines stay of a useful length.
     */
    private static final int MOST_SOURCES = 1_024;

    private final JournalSettings settings;
    private final JournalFile file;
    private final TraceLookup traces;
    private final LongSupplier nanoTime;
    private final LongSupplier wallMillis;
    // All guarded by this.
    private String beginning = "";
    private boolean failing;
    private long failedNanos;

    /** Events from here to {@link #lastLost} are not written; 0: all are. */
    private long firstLost;

    private long lastLost;
    private boolean closed;

    private Journal(
            JournalSettings settings,
            JournalFile file,
            TraceLookup traces,
            LongSupplier nanoTime,
            LongSupplier wallMillis) {
        this.settings = settings;
        this.file = file;
        this.traces = traces;
        this.nanoTime = nanoTime;
        this.wallMillis = wallMillis;
    }

    /**
     * Opens the file, or goes on at the end of one that is there.
     *
     * @param coordinatorId who writes
     * @param nanoTime the clock of the events
     * @throws IOException if the file cannot be written; the message names it and what to do
     */
    public static Journal open(
            JournalSettings settings,
            String coordinatorId,
            TraceLookup traces,
            LongSupplier nanoTime,
            LongSupplier wallMillis)
            throws IOException {
        return open(settings, Medium::file, coordinatorId, traces, nanoTime, wallMillis);
    }

    static Journal open(
            JournalSettings settings,
            Medium.Opener opener,
            String coordinatorId,
            TraceLookup traces,
            LongSupplier nanoTime,
            LongSupplier wallMillis)
            throws IOException {
        JournalFile file;
        try {
            file = JournalFile.open(settings, opener);
        } catch (IOException failed) {
            throw new IOException(
                    "cannot write the journal " + settings.file() + ": " + reason(failed), failed);
        }
        var journal = new Journal(settings, file, traces, nanoTime, wallMillis);
        if (file.tornBytes() > 0) {
            LOG.warn(
                    "the last line of the journal {} was unfinished: {} bytes are cut off",
                    settings.file(),
                    file.tornBytes());
        }
        journal.begin(coordinatorId);
        return journal;
    }

    private synchronized void begin(String coordinatorId) {
        var data = new LinkedHashMap<String, Object>();
        data.put("schema", SCHEMA);
        data.put("coordinator", coordinatorId);
        data.put("tornBytes", file.tornBytes());
        beginning = own(JournalLine.OPENED, 0, data).toJson();
        try {
            catchUp();
        } catch (IOException full) {
            failed(full, nanoTime.getAsLong());
        }
    }

    // Names alone are the message of many a file system's exception.
    private static String reason(IOException failed) {
        return switch (failed) {
            case java.nio.file.NoSuchFileException _ ->
                    "its folder does not exist: make it, or name another file";
            case java.nio.file.AccessDeniedException _ ->
                    "no permission: choose a folder that can be written to";
            default -> String.valueOf(failed.getMessage());
        };
    }

    private JournalLine own(String kind, long sequence, Map<String, ?> data) {
        return new JournalLine(
                sequence,
                nanoTime.getAsLong(),
                wallMillis.getAsLong(),
                0,
                "",
                0,
                0,
                0,
                "",
                kind,
                JsonMapper.shared().writeValueAsString(data));
    }

    @Override
    public synchronized void on(SequencedEvent event) {
        if (closed) {
            return;
        }
        if (failing && event.monotonicNanos() - failedNanos < RETRY_NANOS) {
            lost(event);
            return;
        }
        try {
            catchUp();
            file.append(line(event).toJson());
        } catch (IOException full) {
            failed(full, event.monotonicNanos());
            lost(event);
        }
    }

    private void lost(SequencedEvent event) {
        if (lastLost == 0) {
            firstLost =
                    event.event() instanceof CoordinatorEvent.Gap(long from, long _)
                            ? from
                            : event.sequence();
        }
        lastLost = event.sequence();
    }

    private JournalLine line(SequencedEvent event) {
        CoordinatorEvent told =
                switch (event.event()) {
                    case CoordinatorEvent.IncidentClosed(String job, Incident incident) ->
                            new CoordinatorEvent.IncidentClosed(job, brief(incident));
                    case CoordinatorEvent.IncidentProgressed progressed ->
                            new CoordinatorEvent.IncidentProgressed(
                                    progressed.job(),
                                    brief(progressed.incident()),
                                    progressed.phase(),
                                    progressed.reason());
                    default -> event.event();
                };
        var brief =
                new SequencedEvent(
                        event.sequence(),
                        event.monotonicNanos(),
                        event.wallMillis(),
                        event.term(),
                        event.jobId(),
                        event.epoch(),
                        event.step(),
                        told);
        return JournalLine.of(brief, traces.of(event));
    }

    private static Incident brief(Incident incident) {
        return incident.sources().size() > MOST_SOURCES ? incident.withoutSources() : incident;
    }

    /** Says what is missing before anything else is written. */
    private void catchUp() throws IOException {
        if (!beginning.isEmpty()) {
            file.append(beginning);
            beginning = "";
        }
        if (lastLost > 0) {
            var gap = new LinkedHashMap<String, Object>();
            gap.put("fromSequence", firstLost);
            gap.put("toSequence", lastLost);
            file.append(own("Gap", lastLost, gap).toJson());
            LOG.info(
                    "the journal {} is written again; events {} to {} are missing in it",
                    settings.file(),
                    firstLost,
                    lastLost);
            firstLost = 0;
            lastLost = 0;
        }
        failing = false;
    }

    private void failed(IOException full, long nanos) {
        failedNanos = nanos;
        if (!failing) {
            failing = true;
            LOG.warn(
                    "the journal {} cannot be written ({}): events are left out of it until that"
                            + " works again; the job goes on",
                    settings.file(),
                    full.getMessage());
        }
    }

    /** Writes what can be written, then closes the file. Safe to repeat. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            catchUp();
            file.append(own(JournalLine.CLOSED, 0, Map.of()).toJson());
        } catch (IOException full) {
            LOG.warn("the journal {} ends without its last lines", settings.file(), full);
        }
        try {
            file.close();
        } catch (IOException failed) {
            LOG.warn("closing the journal {} failed", settings.file(), failed);
        }
    }
}
