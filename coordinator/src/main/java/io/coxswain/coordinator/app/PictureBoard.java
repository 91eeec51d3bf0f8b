package io.coxswain.coordinator.app;

import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.picture.Picture;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Holds the newest picture, and hands it to whoever watches: each on a virtual thread of its own,
 * at its own pace, always the newest. Nothing queues up; who is slow sees fewer. Thread-safe.
 */
public final class PictureBoard implements PicturePort, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PictureBoard.class);
    private static final long FINISH_MILLIS = 1_000;

    private final LongSupplier wallMillis;
    private final TraceLookup traces;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Watcher> watchers = new ArrayList<>();
    private volatile Picture newest;
    private boolean closed;

    /** A board without a picture yet. */
    public PictureBoard(String coordinatorId, LongSupplier wallMillis, TraceLookup traces) {
        this.wallMillis = wallMillis;
        this.traces = traces;
        this.newest = Picture.none(coordinatorId, wallMillis.getAsLong());
    }

    @Override
    public long wallMillis() {
        return wallMillis.getAsLong();
    }

    @Override
    public String traceId(String jobId, int incident) {
        return traces.ofIncident(jobId, incident);
    }

    @Override
    public void publish(Picture picture) {
        lock.lock();
        try {
            if (!closed) {
                newest = picture;
                changed.signalAll();
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
            var one = new Watcher(watcher);
            watchers.add(one);
            one.thread.start();
            return one;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes no more pictures. Watchers get the last one; one that blocks is interrupted after a
     * moment.
     */
    @Override
    public void close() {
        List<Watcher> open;
        lock.lock();
        try {
            closed = true;
            open = List.copyOf(watchers);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        for (Watcher watcher : open) {
            watcher.finish();
        }
    }

    private final class Watcher implements Subscription {
        private final Consumer<Picture> watcher;
        private final Thread thread;
        private final CountDownLatch end = new CountDownLatch(1);
        // Guarded by the board's lock.
        private long seen = -1;
        private boolean stopped;

        Watcher(Consumer<Picture> watcher) {
            this.watcher = watcher;
            this.thread = Thread.ofVirtual().name("coxswain-watcher").unstarted(this::deliver);
        }

        private void deliver() {
            try {
                while (await()) {
                    tell(newest);
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } finally {
                lock.lock();
                try {
                    watchers.remove(this);
                } finally {
                    lock.unlock();
                }
                end.countDown();
            }
        }

        private boolean await() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (!stopped && !closed && newest.sequence() == seen) {
                    changed.await();
                }
                return !stopped && newest.sequence() != seen;
            } finally {
                lock.unlock();
            }
        }

        // A watcher is somebody else's code: whatever it throws, the next picture is delivered.
        private void tell(Picture picture) {
            lock.lock();
            try {
                seen = picture.sequence();
            } finally {
                lock.unlock();
            }
            try {
                watcher.accept(picture);
            } catch (RuntimeException | LinkageError | AssertionError thrown) {
                LOG.warn("a watcher threw on picture {}; it goes on", picture.sequence(), thrown);
            }
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

        @Override
        public void close() {
            lock.lock();
            try {
                stopped = true;
                changed.signalAll();
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
