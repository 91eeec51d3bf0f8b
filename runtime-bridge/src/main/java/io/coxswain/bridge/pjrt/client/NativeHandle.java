package io.coxswain.bridge.pjrt.client;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An object of the plugin that is destroyed exactly once and never while a call uses it. A call
 * {@linkplain #acquire acquires} the handle and releases it; {@link #close} refuses further calls,
 * and whoever is last, the closer or the last call, destroys. Nobody ever waits. Lock-free; any
 * thread.
 *
 * <p>A call that may consume the object (donation) {@linkplain #claim claims} it alone.
 */
final class NativeHandle {
    private static final long CLOSED = 1L << 62;
    private static final long CLAIMED = 1L << 61;

    // The number of calls under way, and the two marks.
    private final AtomicLong state = new AtomicLong();
    private final MemorySegment address;
    private final Runnable destroy;

    /**
     * @param address where the object is, not NULL
     * @param destroy destroys it; must not throw
     */
    NativeHandle(MemorySegment address, Runnable destroy) {
        this.address = address;
        this.destroy = destroy;
    }

    /** The object; only between {@link #acquire} or {@link #claim} and the matching release. */
    MemorySegment address() {
        return address;
    }

    /** Begins a call; false if the handle is closed or claimed. */
    boolean acquire() {
        while (true) {
            long now = state.get();
            if ((now & (CLOSED | CLAIMED)) != 0) {
                return false;
            }
            if (state.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /** Begins another call inside of one that is under way: succeeds even if closed meanwhile. */
    void retain() {
        state.incrementAndGet();
    }

    /** Ends a call. */
    void release() {
        if (state.decrementAndGet() == CLOSED) {
            destroy.run();
        }
    }

    /** Begins a call that may consume the object; false if closed, claimed or in use. */
    boolean claim() {
        return state.compareAndSet(0, CLAIMED);
    }

    /** Ends a claim: what was consumed is destroyed, what was closed meanwhile too. */
    void settle(boolean consumed) {
        if (consumed) {
            state.set(CLOSED);
            destroy.run();
        } else if (!state.compareAndSet(CLAIMED, 0)) {
            state.set(CLOSED);
            destroy.run();
        }
    }

    /** Refuses further calls and destroys as soon as none is under way; harmless when repeated. */
    void close() {
        while (true) {
            long now = state.get();
            if ((now & CLOSED) != 0) {
                return;
            }
            if (state.compareAndSet(now, now | CLOSED)) {
                if (now == 0) {
                    destroy.run();
                }
                return;
            }
        }
    }

    /** Whether it is closed. */
    boolean closed() {
        return (state.get() & CLOSED) != 0;
    }
}
