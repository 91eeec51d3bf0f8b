package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.BatchArray;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Gathers samples and brings them to devices. One thread. */
final class BatchUploads {
    private final LoadedProgram loaded;
    private final int samples;
    private final List<BatchArray> arrays;
    private final List<MemorySegment> staging = new ArrayList<>();

    /**
     * @param arena of the memory in which samples are gathered
     * @param samples of a batch that goes to a device
     */
    BatchUploads(LoadedProgram loaded, Arena arena, int samples) {
        this.loaded = loaded;
        this.samples = samples;
        this.arrays = loaded.bundle().batchArrays();
        for (BatchArray array : arrays) {
            staging.add(
                    arena.allocate(
                            array.ofSamples(samples).byteSize(), PjrtBuffer.ZERO_COPY_ALIGNMENT));
        }
    }

    /** Takes the samples; those of before have been uploaded. */
    void gather(int[] ids) {
        for (int i = 0; i < arrays.size(); i++) {
            loaded.data().gather(i, ids, staging.get(i));
        }
    }

    /** Copies what was gathered to a device; the caller closes the buffers. */
    List<PjrtBuffer> upload(PjrtDevice device) throws PjrtException {
        try (BufferList buffers = new BufferList()) {
            for (int i = 0; i < arrays.size(); i++) {
                buffers.add(
                        loaded.client()
                                .upload(
                                        staging.get(i),
                                        arrays.get(i).ofSamples(samples),
                                        device,
                                        HostSemantics.COPY_DURING_CALL));
            }
            return buffers.release();
        }
    }
}
