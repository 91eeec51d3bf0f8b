package io.coxswain.coordinator.app;

import io.coxswain.coordinator.Subscription;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Something that grows, and those who follow it: each on a virtual thread of its own, at its own
 * pace. Nothing queues for them: each takes what is next for it when it is ready, so whoever makes
 * it grow takes a short lock and never waits. Thread-safe.
 *
 * @param <T> what followers are told
 */
abstract class Following<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Following.class);
    private static final long FINISH_MILLIS = 1_000;

    /** Guards all that grows, and the followers' places. */
    final ReentrantLock lock = new ReentrantLock();

    private final Condition grown = lock.newCondition();
    private final List<Follower> followers = new ArrayList<>();
    private boolean closed;

    /** With the lock held: there is something new. */
    final void grew() {
        grown.signalAll();
    }

    /** With the lock held: nothing is to be taken any more. */
    final boolean isClosed() {
        return closed;
    }

    /** With the lock held: tells it what there is, and what comes. */
    final Subscription begin(Follower follower) {
        followers.add(follower);
        follower.thread.start();
        return follower;
    }

    /**
     * Takes nothing new. Followers get what is there; one that blocks is interrupted after a
     * moment.
     */
    @Override
    public void close() {
        List<Follower> open;
        lock.lock();
        try {
            closed = true;
            open = List.copyOf(followers);
            grown.signalAll();
        } finally {
            lock.unlock();
        }
        for (Follower follower : open) {
            follower.finish();
        }
    }

    /** One who follows. */
    abstract class Follower implements Subscription {
        private final Thread thread;
        private final CountDownLatch end = new CountDownLatch(1);
        // Guarded by lock.
        private boolean stopped;

        Follower(String threadName) {
            thread = Thread.ofVirtual().name(threadName).unstarted(this::deliver);
        }

        /** With the lock held: what it is to be told now; null: nothing yet. */
        abstract @Nullable T next();

        /** With the lock held: it was told that. */
        void told(T one) {
            // Not all need to know.
        }

        /** Tells it. Somebody else's code: it may throw anything, and take its time. */
        abstract void tell(T one) throws Exception;

        /** What it was told, for the log. */
        abstract String name(T one);

        private void deliver() {
            try {
                for (T one = take(); one != null; one = take()) {
                    tellSafely(one);
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } finally {
                lock.lock();
                try {
                    followers.remove(this);
                } finally {
                    lock.unlock();
                }
                end.countDown();
            }
        }

        private @Nullable T take() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                T one = next();
                while (one == null && !stopped && !closed) {
                    grown.await();
                    one = next();
                }
                return stopped ? null : one;
            } finally {
                lock.unlock();
            }
        }

        // Whatever it throws, the next one is delivered.
        private void tellSafely(T one) throws InterruptedException {
            try {
                tell(one);
            } catch (InterruptedException stop) {
                throw stop;
            } catch (Exception | LinkageError | AssertionError thrown) {
                LOG.warn("a listener threw on {}; it goes on with the next", name(one), thrown);
            }
            lock.lock();
            try {
                told(one);
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
