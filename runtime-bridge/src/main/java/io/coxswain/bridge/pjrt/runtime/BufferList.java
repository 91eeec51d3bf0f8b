package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.PjrtBuffer;

import java.util.ArrayList;
import java.util.List;

/** Buffers that are made one after another: all of them, or none if a later one fails. */
final class BufferList implements AutoCloseable {
    private List<PjrtBuffer> buffers = new ArrayList<>();

    /** Takes a buffer over. */
    void add(PjrtBuffer buffer) {
        buffers.add(buffer);
    }

    /** Gives all buffers away; the list is empty then. */
    List<PjrtBuffer> release() {
        List<PjrtBuffer> all = buffers;
        buffers = new ArrayList<>();
        return all;
    }

    /** Closes the buffers that were not given away. */
    @Override
    public void close() {
        buffers.forEach(PjrtBuffer::close);
    }
}
