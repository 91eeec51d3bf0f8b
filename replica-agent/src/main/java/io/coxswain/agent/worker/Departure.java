package io.coxswain.agent.worker;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** That somebody is gone, for those who wait for it. Thread-safe. */
final class Departure {
    private final CountDownLatch gone = new CountDownLatch(1);

    /** It is; safe to repeat. */
    void happened() {
        gone.countDown();
    }

    boolean hasHappened() {
        return gone.getCount() == 0;
    }

    /** Waits; false: it took longer. */
    boolean within(long nanos) throws InterruptedException {
        return gone.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Waits for as long as it takes, whoever interrupts. */
    void awaitUninterruptibly() {
        boolean interrupted = false;
        while (true) {
            try {
                gone.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
