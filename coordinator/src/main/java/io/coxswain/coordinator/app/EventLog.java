package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The newest events, in a ring that every listener reads at its own pace: there is no queue per
 * listener, so that memory is bounded whatever the listeners do. A listener that falls behind the
 * ring's oldest event is told of the gap.
 *
 * <p>Publishing takes a short lock and never waits for a listener. Thread-safe.
 */
public final class EventLog implements EventsPort, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

    private final int capacity;
    private final LongSupplier wallMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition grown = lock.newCondition();
    // Event n stands at (n - 1) mod capacity.
    private final List<SequencedEvent> ring = new ArrayList<>();
    private final List<Reader> readers = new ArrayList<>();
    private long lastSequence;
    private boolean closed;

    /**
     * Makes an empty log.
     *
     * @param capacity events kept, at least 1
     * @param wallMillis the time shown to people
     */
    public EventLog(int capacity, LongSupplier wallMillis) {
        if (capacity < 1) {
            throw new IllegalArgumentException("an event log keeps at least 1 event");
        }
        this.capacity = capacity;
        this.wallMillis = wallMillis;
    }

    @Override
    public void publish(
            CoordinatorEvent event, long nowNanos, long term, String jobId, long epoch, long step) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            var sequenced =
                    new SequencedEvent(
                            lastSequence + 1,
                            nowNanos,
                            wallMillis.getAsLong(),
                            term,
                            jobId,
                            epoch,
                            step,
                            event);
            if (ring.size() < capacity) {
                ring.add(sequenced);
            } else {
                ring.set((int) (lastSequence % capacity), sequenced);
            }
            lastSequence++;
            grown.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The newest event's number, 0 before the first. */
    public long lastSequence() {
        lock.lock();
        try {
            return lastSequence;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Delivers events on a virtual thread.
     *
     * @param fromSequence the first wanted; 0: from the oldest kept. One that is not there yet is
     *     waited for
     */
    public Subscription listen(long fromSequence, CoordinatorListener listener) {
        if (fromSequence < 0) {
            throw new IllegalArgumentException(
                    "a sequence number is at least 0, got " + fromSequence);
        }
        lock.lock();
        try {
            long from = fromSequence == 0 ? oldest() : fromSequence;
            var reader = new Reader(from, listener);
            readers.add(reader);
            reader.thread.start();
            return reader;
        } finally {
            lock.unlock();
        }
    }

    private long oldest() {
        return Math.max(1, lastSequence - capacity + 1);
    }

    private SequencedEvent at(long sequence) {
        return ring.get((int) ((sequence - 1) % capacity));
    }

    /**
     * Takes no more events. Listeners get what is there; one that blocks is interrupted after a
     * moment.
     */
    @Override
    public void close() {
        List<Reader> open;
        lock.lock();
        try {
            closed = true;
            open = List.copyOf(readers);
            grown.signalAll();
        } finally {
            lock.unlock();
        }
        for (Reader reader : open) {
            reader.finish();
        }
    }

    private final class Reader implements Subscription {
        private static final long FINISH_MILLIS = 1_000;

        private final CoordinatorListener listener;
        private final Thread thread;
        private final CountDownLatch end = new CountDownLatch(1);
        // Guarded by the log's lock.
        private long next;
        private boolean stopped;

        Reader(long from, CoordinatorListener listener) {
            this.next = from;
            this.listener = listener;
            this.thread = Thread.ofVirtual().name("coxswain-listener").unstarted(this::deliver);
        }

        private void deliver() {
            try {
                for (List<SequencedEvent> some = take(); !some.isEmpty(); some = take()) {
                    for (SequencedEvent event : some) {
                        if (!deliver(event)) {
                            return;
                        }
                    }
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } finally {
                lock.lock();
                try {
                    readers.remove(this);
                } finally {
                    lock.unlock();
                }
                end.countDown();
            }
        }

        // A gap and the first event after it at most: an event taken out early could not be told
        // from one that was lost by a listener that resumes.
        private List<SequencedEvent> take() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (!stopped && next > lastSequence && !closed) {
                    grown.await();
                }
                if (stopped || next > lastSequence) {
                    return List.of();
                }
                long oldest = oldest();
                if (next < oldest) {
                    var first = at(oldest);
                    return List.of(
                            new SequencedEvent(
                                    oldest - 1,
                                    first.monotonicNanos(),
                                    first.wallMillis(),
                                    first.term(),
                                    "",
                                    0,
                                    0,
                                    new CoordinatorEvent.Gap(next, oldest - 1)));
                }
                return List.of(at(next));
            } finally {
                lock.unlock();
            }
        }

        // A listener is somebody else's code: whatever it throws, the next event is delivered.
        @SuppressWarnings("CatchAndPrintStackTrace")
        private boolean deliver(SequencedEvent event) throws InterruptedException {
            try {
                listener.on(event);
            } catch (InterruptedException stop) {
                throw stop;
            } catch (Exception | LinkageError | AssertionError thrown) {
                LOG.warn(
                        "a listener threw on event {} ({}); it goes on with the next",
                        event.sequence(),
                        event.event().getClass().getSimpleName(),
                        thrown);
            }
            lock.lock();
            try {
                next = Math.max(next, event.sequence() + 1);
                return !stopped;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public long nextSequence() {
            lock.lock();
            try {
                return next;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                stopped = true;
                grown.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void awaitEnd() throws InterruptedException {
            end.await();
        }

        private void finish() {
            if (Thread.currentThread().equals(thread)) {
                return;
            }
            try {
                if (!end.await(FINISH_MILLIS, TimeUnit.MILLISECONDS)) {
                    close();
                    thread.interrupt();
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
