package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtEvent;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.TensorType;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Buffers of memory of the region: on a CPU they are the region itself, elsewhere it is read until
 * the transfer is done. Either way the plugin may look at the region after a buffer has been given
 * back, as long as a run uses it, and what an abort left behind may still write into it; nobody may
 * unmap the region, or use it for another view, before {@link #drain}. The runtime's thread.
 */
final class RegionTransfers {
    private final PjrtClient client;
    private final HostSemantics semantics;
    private final List<PjrtEvent> pending = new ArrayList<>();
    private final List<Runnable> abandoned = new ArrayList<>();

    RegionTransfers(PjrtClient client, boolean inPlace) {
        this.client = client;
        this.semantics = inPlace ? HostSemantics.ZERO_COPY : HostSemantics.UNTIL_TRANSFERRED;
    }

    /**
     * A buffer of a part of the region.
     *
     * @param memory begins at a multiple of 64 bytes
     */
    PjrtBuffer upload(MemorySegment memory, TensorType type, PjrtDevice device)
            throws PjrtException {
        return client.upload(memory, type, device, semantics);
    }

    /** Closes buffers made here. */
    void giveBack(List<PjrtBuffer> buffers) {
        pending.removeIf(PjrtEvent::done);
        for (PjrtBuffer buffer : buffers) {
            buffer.close();
            if (!buffer.uploaded().done()) {
                pending.add(buffer.uploaded());
            }
        }
    }

    /**
     * Takes over what nobody waits for any more.
     *
     * @param end waits for its end, and gives back what it holds
     */
    void abandon(Runnable end) {
        abandoned.add(end);
    }

    /**
     * Waits until no run looks at the region any more: until the end of the runs that an abort left
     * behind.
     */
    void drain() {
        abandoned.forEach(Runnable::run);
        abandoned.clear();
        for (PjrtEvent event : pending) {
            event.future().handle((_, _) -> "ended").join();
        }
        pending.clear();
    }
}
