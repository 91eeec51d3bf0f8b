package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.EventFeed;
import io.coxswain.proto.admin.v1.Event;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Follows the events of whichever coordinator runs, over its admin plane, and keeps them in a file.
 * On a thread of its own; when a coordinator is gone it waits to be told of the next. Thread-safe.
 */
final class EventStream implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);
    private static final long RETRY_MILLIS = 500;
    private static final Duration END = Duration.ofSeconds(5);

    private final Consumer<Happening.Told> heard;
    private final BufferedWriter file;
    private final Credentials credentials;
    private final Thread thread;
    // Guarded by this.
    private String address = "";
    private long next;
    // Of the coordinator whose sequence numbers these are; 0: the caller tells of each.
    private long term;
    private @Nullable AdminClient client;
    private boolean closed;

    /**
     * @param file gets an event a line, as in a journal (docs/events.md)
     * @param heard on the stream's thread
     */
    EventStream(Path file, Credentials credentials, Consumer<Happening.Told> heard)
            throws IOException {
        this.heard = heard;
        this.credentials = credentials;
        this.file = Files.newBufferedWriter(file);
        this.thread = Thread.ofPlatform().daemon().name("events").start(this::follow);
    }

    /** There is a coordinator there from now on. */
    void coordinatorAt(String hostAndPort) {
        AdminClient former;
        synchronized (this) {
            address = hostAndPort;
            next = 0;
            term = 0;
            former = client;
            notifyAll();
        }
        if (former != null) {
            // The one before may stand still: from it nothing would ever come, not even an end.
            former.close();
        }
    }

    /**
     * Somebody else's coordinator is there, and what it told before that sequence number is
     * history. Another one that answers there later is heard from its beginning.
     */
    synchronized void attach(String hostAndPort, long fromSequence, long leaderTerm) {
        address = hostAndPort;
        next = fromSequence;
        term = leaderTerm;
        notifyAll();
    }

    private long first(AdminClient made, long from) throws EnvironmentException {
        synchronized (this) {
            if (term == 0) {
                return from;
            }
        }
        long now = made.ownStatus().getTerm();
        synchronized (this) {
            if (now != 0 && now != term) {
                term = now;
                next = 0;
            }
            return next;
        }
    }

    private void follow() {
        try {
            while (true) {
                String target;
                long from;
                synchronized (this) {
                    while (address.isEmpty() && !closed) {
                        wait();
                    }
                    if (closed) {
                        return;
                    }
                    target = address;
                    from = next;
                }
                follow(target, from);
                synchronized (this) {
                    if (!closed && target.equals(address)) {
                        // Gone, or not yet there; the next one is announced.
                        wait(RETRY_MILLIS);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow(String target, long from) {
        try (AdminClient made = AdminClient.connect(credentials.at(target))) {
            synchronized (this) {
                if (closed || !target.equals(address)) {
                    return;
                }
                client = made;
            }
            made.events(first(made, from), "", event -> deliver(target, event));
        } catch (EnvironmentException e) {
            LOG.debug("no events from {}: {}", target, e.getMessage());
        } finally {
            synchronized (this) {
                client = null;
            }
        }
    }

    private void deliver(String target, Event event) {
        long nanos = System.nanoTime();
        synchronized (this) {
            if (!target.equals(address)) {
                return;
            }
            next = event.getSequence() + 1;
            if (!closed) {
                write(event);
            }
        }
        CoordinatorEvent parsed = parse(event.getKind(), event.getJson());
        if (parsed != null) {
            heard.accept(
                    new Happening.Told(
                            nanos, event.getSequence(), event.getJobId(), event.getStep(), parsed));
        }
    }

    private synchronized void write(Event event) {
        try {
            file.write(EventFeed.line(event).toJson());
            file.newLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The event of that kind; null for one that this version does not know. */
    static @Nullable CoordinatorEvent parse(String kind, String json) {
        try {
            CoordinatorEvent event = EventText.parse(kind, json);
            if (event != null) {
                return event;
            }
        } catch (IllegalArgumentException e) {
            LOG.warn("cannot read a {}: {}", kind, json, e);
            return null;
        }
        LOG.warn("no such kind of event: {}", kind);
        return null;
    }

    @Override
    public void close() {
        AdminClient open;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            open = client;
            notifyAll();
        }
        if (open != null) {
            open.close();
        }
        try {
            // A stream whose channel went down at the wrong moment hears nothing of it.
            thread.interrupt();
            if (!thread.join(END)) {
                LOG.warn("the stream of events does not end");
            }
            file.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("the events are not all written", e);
        }
    }
}
