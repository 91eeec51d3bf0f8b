package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.PjrtBuffer;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The buffers of one state of a shard, in the order of its parts. Whoever needs them retains them;
 * the last one that releases closes them, so that a snapshot can still be copied from a state that
 * the steps have left behind. Any thread.
 */
final class DeviceState {
    private final List<PjrtBuffer> buffers;
    private final AtomicInteger holders = new AtomicInteger(1);

    /** Takes the buffers over; its maker holds it. */
    DeviceState(List<PjrtBuffer> buffers) {
        this.buffers = List.copyOf(buffers);
    }

    List<PjrtBuffer> buffers() {
        return buffers;
    }

    /** One holder more; only for somebody who is held up by another holder. */
    DeviceState retain() {
        holders.incrementAndGet();
        return this;
    }

    /** One holder less. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            buffers.forEach(PjrtBuffer::close);
        }
    }
}
