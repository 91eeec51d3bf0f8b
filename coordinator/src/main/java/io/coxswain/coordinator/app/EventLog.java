package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The newest events, in a ring that every listener reads at its own pace: there is no queue per
 * listener, so that memory is bounded whatever the listeners do. A listener that falls behind the
 * ring's oldest event is told of the gap.
 *
 * <p>Publishing takes a short lock and never waits for a listener. Thread-safe.
 */
public final class EventLog extends Following<SequencedEvent> implements EventsPort {
    private final int capacity;
    private final LongSupplier wallMillis;
    // Event n stands at (n - 1) mod capacity.
    private final List<SequencedEvent> ring = new ArrayList<>();
    private long lastSequence;

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
            if (isClosed()) {
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
            grew();
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
            return begin(new Reader(from, listener));
        } finally {
            lock.unlock();
        }
    }

    /**
     * The events that are there from that one on, in order.
     *
     * @param fromSequence the first wanted; 0: the oldest kept. Where it is gone already, a gap
     *     comes first
     */
    public List<SequencedEvent> read(long fromSequence) {
        lock.lock();
        try {
            var events = new ArrayList<SequencedEvent>();
            long from = Math.max(fromSequence, oldest());
            if (fromSequence > 0 && fromSequence < from) {
                events.add(gap(fromSequence));
            }
            for (long sequence = from; sequence <= lastSequence; sequence++) {
                events.add(at(sequence));
            }
            return events;
        } finally {
            lock.unlock();
        }
    }

    private long oldest() {
        return Math.max(1, lastSequence - capacity + 1);
    }

    /** From there to the oldest that is kept. */
    private SequencedEvent gap(long from) {
        long last = oldest() - 1;
        SequencedEvent after = at(last + 1);
        return new SequencedEvent(
                last,
                after.monotonicNanos(),
                after.wallMillis(),
                after.term(),
                "",
                0,
                0,
                new CoordinatorEvent.Gap(from, last));
    }

    private SequencedEvent at(long sequence) {
        return ring.get((int) ((sequence - 1) % capacity));
    }

    private final class Reader extends Follower {
        private final CoordinatorListener listener;
        // Guarded by lock.
        private long next;

        Reader(long from, CoordinatorListener listener) {
            super("coxswain-listener");
            this.next = from;
            this.listener = listener;
        }

        // A gap and the first event after it, one by one: an event taken out early could not be
        // told from one that was lost by a listener that resumes.
        @Override
        @Nullable SequencedEvent next() {
            if (next > lastSequence) {
                return null;
            }
            return next < oldest() ? gap(next) : at(next);
        }

        @Override
        void told(SequencedEvent event) {
            next = Math.max(next, event.sequence() + 1);
        }

        @Override
        void tell(SequencedEvent event) throws Exception {
            listener.on(event);
        }

        @Override
        String name(SequencedEvent event) {
            return "event "
                    + event.sequence()
                    + " ("
                    + event.event().getClass().getSimpleName()
                    + ")";
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
    }
}
