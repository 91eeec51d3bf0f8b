package io.coxswain.coordinator.app;

import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.picture.Picture;

import org.jspecify.annotations.Nullable;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Holds the newest picture, and hands it to whoever watches: each on a virtual thread of its own,
 * at its own pace, always the newest. Nothing queues up; who is slow sees fewer. Thread-safe.
 */
public final class PictureBoard extends Following<Picture> implements PicturePort {
    private final LongSupplier wallMillis;
    private final TraceLookup traces;
    private final String coordinatorId;
    private volatile Picture newest;
    private volatile Supplier<KnownLeader> leader = () -> KnownLeader.NOBODY;

    /** A board without a picture yet. */
    public PictureBoard(String coordinatorId, LongSupplier wallMillis, TraceLookup traces) {
        this.coordinatorId = coordinatorId;
        this.wallMillis = wallMillis;
        this.traces = traces;
        this.newest = Picture.none(coordinatorId, wallMillis.getAsLong());
    }

    @Override
    public long wallMillis() {
        return wallMillis.getAsLong();
    }

    /** Where to ask who leads. */
    public void askForLeader(Supplier<KnownLeader> known) {
        leader = known;
    }

    @Override
    public KnownLeader leader() {
        return leader.get();
    }

    /** {@code host:port} of another coordinator that leads; empty: none is known. */
    public String leaderElsewhere() {
        KnownLeader known = leader.get();
        return known.id().equals(coordinatorId) ? "" : known.endpoint();
    }

    @Override
    public String traceId(String jobId, int incident) {
        return traces.ofIncident(jobId, incident);
    }

    @Override
    public void publish(Picture picture) {
        lock.lock();
        try {
            if (!isClosed()) {
                newest = picture;
                grew();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The newest picture. */
    public Picture picture() {
        return newest;
    }

    /**
     * Delivers the picture that is there, then each newer one, but those that are out of date by
     * the time the watcher is ready.
     */
    public Subscription watch(Consumer<Picture> watcher) {
        lock.lock();
        try {
            return begin(new Watcher(watcher));
        } finally {
            lock.unlock();
        }
    }

    private final class Watcher extends Follower {
        private final Consumer<Picture> watcher;
        // Guarded by lock.
        private long seen = -1;

        Watcher(Consumer<Picture> watcher) {
            super("coxswain-watcher");
            this.watcher = watcher;
        }

        @Override
        @Nullable Picture next() {
            Picture picture = newest;
            if (picture.sequence() == seen) {
                return null;
            }
            seen = picture.sequence();
            return picture;
        }

        @Override
        void tell(Picture picture) {
            watcher.accept(picture);
        }

        @Override
        String name(Picture picture) {
            return "picture " + picture.sequence();
        }

        @Override
        public long nextSequence() {
            lock.lock();
            try {
                return seen + 1;
            } finally {
                lock.unlock();
            }
        }
    }
}
