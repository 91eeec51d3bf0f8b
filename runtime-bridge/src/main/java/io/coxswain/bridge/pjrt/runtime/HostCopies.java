package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtEvent;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.spi.AbortSignal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies from devices to host memory that are under way together. {@link #close} waits for all of
 * them whatever happened, so that nobody writes into the memory afterwards. One thread.
 */
final class HostCopies implements AutoCloseable {
    private final List<PjrtEvent> events = new ArrayList<>();

    /** Begins a copy, as soon as the buffer has its content. */
    void add(PjrtBuffer buffer, MemorySegment target) throws PjrtException {
        events.add(buffer.copyTo(target));
    }

    /** Waits until all are done. */
    void await() throws PjrtException {
        for (PjrtEvent event : events) {
            Faults.await(event);
        }
    }

    /** Waits until all are done, or until the signal is set; says whether they are done. */
    boolean await(AbortSignal abort) throws PjrtException {
        for (PjrtEvent event : events) {
            if (!Faults.await(event, abort)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        for (PjrtEvent event : events) {
            if (!event.done()) {
                // A failure has been told by await, or gives way to the one that led here.
                event.future().handle((_, _) -> "ended").join();
            }
        }
    }
}
