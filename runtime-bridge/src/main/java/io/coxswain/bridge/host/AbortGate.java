package io.coxswain.bridge.host;

import io.coxswain.bridge.spi.AbortSignal;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Remembers which epochs were aborted. Any thread. */
final class AbortGate {
    private static final long ALL = -1;
    private static final long NEWEST = ALL - 1;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition raised = lock.newCondition();
    private volatile long belowEpoch;

    /** Aborts the work of all epochs below this one; a lower one than before changes nothing. */
    void raise(long below) {
        lock.lock();
        try {
            if (Long.compareUnsigned(below, belowEpoch) > 0) {
                belowEpoch = below;
                raised.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Aborts everything: the agent is gone. */
    void raiseAll() {
        raise(ALL);
    }

    /** Whether work of this epoch shall stop. */
    boolean isAborted(long epoch) {
        return Long.compareUnsigned(epoch, belowEpoch) < 0;
    }

    /** Set only when the agent is gone. */
    AbortSignal agentGone() {
        return signal(NEWEST);
    }

    AbortSignal signal(long epoch) {
        return new AbortSignal() {
            @Override
            public boolean isSet() {
                return isAborted(epoch);
            }

            @Override
            public boolean await(long nanos) throws InterruptedException {
                long end = System.nanoTime() + nanos;
                lock.lockInterruptibly();
                try {
                    while (!isAborted(epoch)) {
                        long left = end - System.nanoTime();
                        if (left <= 0 || raised.awaitNanos(left) <= 0) {
                            return isAborted(epoch);
                        }
                    }
                    return true;
                } finally {
                    lock.unlock();
                }
            }
        };
    }
}
