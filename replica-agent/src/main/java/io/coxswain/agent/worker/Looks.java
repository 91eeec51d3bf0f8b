package io.coxswain.agent.worker;

import java.time.Duration;

/**
 * Who looks, or is about to look, at what a worker does. Of a job that hangs the leader asks for
 * stacks and fences it right behind; the worker must live until they are there. Thread-safe.
 */
final class Looks {
    /** A kill waits no longer for somebody who looks. */
    static final Duration LIMIT = Duration.ofSeconds(3);

    private int open;

    /** Somebody will look; returns what is to be run, once, when he has. */
    synchronized Runnable begin() {
        open++;
        return this::end;
    }

    private synchronized void end() {
        open--;
        notifyAll();
    }

    /** Whether nobody looks. */
    synchronized boolean none() {
        return open == 0;
    }

    /** Waits until nobody looks, up to the limit. */
    synchronized void await(Duration limit) {
        long until = System.nanoTime() + limit.toNanos();
        try {
            long left;
            while (open > 0 && (left = until - System.nanoTime()) > 0) {
                wait(Math.max(1, left / 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does it at once if nobody looks; else on a thread of its own, when it is over. */
    void after(Runnable kill) {
        if (none()) {
            kill.run();
            return;
        }
        Thread.ofPlatform()
                .name("worker-kill-later")
                .daemon()
                .start(() -> {
                    await(LIMIT);
                    kill.run();
                });
    }
}
