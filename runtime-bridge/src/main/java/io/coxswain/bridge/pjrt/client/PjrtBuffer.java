package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor on a device. Its content may still be on its way: whatever uses it waits on the device.
 *
 * <p>Whoever got it closes it; the client closes those that are left when it is closed. It may be
 * closed while a run uses it. Any thread; a call that meets a concurrent {@link #close} either
 * happens before it or is refused.
 */
public final class PjrtBuffer implements Owned {
    /** Addresses of host memory that is to be used without a copy are multiples of this. */
    public static final long ZERO_COPY_ALIGNMENT = 64;

    /** What can be done with a buffer. */
    public enum State {
        /** Everything. */
        LIVE,
        /** Nothing any more: a program took its memory. */
        DONATED,
        /** Nothing any more. */
        CLOSED
    }

    private final PjrtClient client;
    private final TensorType type;
    private final PjrtDevice device;
    private final NativeHandle handle;
    private final PjrtEvent uploaded;
    private volatile boolean donated;
    private volatile boolean closed;

    /**
     * Takes over the plugin's buffer; inside of a call that has acquired the client.
     *
     * @param uploadEvent the plugin's event that says when the host memory is free, or NULL
     * @param source the host memory that it waits for
     */
    private PjrtBuffer(
            PjrtClient client,
            MemorySegment address,
            TensorType type,
            PjrtDevice device,
            MemorySegment uploadEvent,
            @Nullable MemorySegment source,
            boolean zeroCopy) {
        this.client = client;
        this.type = type;
        this.device = device;
        handle = new NativeHandle(address, () -> destroy(client, address));
        uploaded =
                EventUpcalls.follow(
                        client.calls(),
                        uploadEvent,
                        new PjrtEvent(
                                () -> "uploading %s to %s".formatted(type, device),
                                source,
                                () -> zeroCopy ? whyNotUploaded() : null));
    }

    /** A buffer that came from host memory. */
    static PjrtBuffer uploaded(
            PjrtClient client,
            MemorySegment address,
            TensorType type,
            PjrtDevice device,
            MemorySegment event,
            MemorySegment source,
            boolean zeroCopy) {
        PjrtBuffer buffer = new PjrtBuffer(client, address, type, device, event, source, zeroCopy);
        client.adopt(buffer);
        return buffer;
    }

    /** A buffer that a run makes. */
    static PjrtBuffer result(
            PjrtClient client, MemorySegment address, TensorType type, PjrtDevice device) {
        PjrtBuffer buffer =
                new PjrtBuffer(client, address, type, device, MemorySegment.NULL, null, false);
        client.adopt(buffer);
        return buffer;
    }

    private static void destroy(PjrtClient client, MemorySegment address) {
        client.calls().destroy(PjrtFunction.BUFFER_DESTROY, "buffer", address);
        client.release();
    }

    /** Element type and shape. */
    public TensorType type() {
        return type;
    }

    /** Where it is. */
    public PjrtDevice device() {
        return device;
    }

    /** What can be done with it. */
    public State state() {
        if (closed) {
            return State.CLOSED;
        }
        return donated ? State.DONATED : State.LIVE;
    }

    /**
     * When the plugin no longer looks at the host memory that this buffer was uploaded from; done
     * at once for a result of a run. With zero copy that is only after this buffer was closed or
     * donated and the runs that use it have ended: waiting for it before is refused.
     */
    public PjrtEvent uploaded() {
        return uploaded;
    }

    /**
     * Copies the content into host memory, row-major, as soon as it is there.
     *
     * @param target native memory of exactly the buffer's size, at any address; it is kept
     *     reachable, and must not be freed or read, until the event is done
     */
    public PjrtEvent copyTo(MemorySegment target) throws PjrtException {
        if (!target.isNative() || target.isReadOnly() || target.byteSize() != type.byteSize()) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "copying %s to the host needs %d bytes of writable native memory, and got %d bytes of %s"
                            .formatted(type, type.byteSize(), target.byteSize(), kind(target)));
        }
        if (!target.scope().isAlive()) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT, "copying %s to memory that is closed".formatted(type));
        }
        acquire();
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    client.calls()
                            .args(arena, PjrtStructs.BUFFER_TO_HOST)
                            .set("buffer", handle.address())
                            .set("layout", rowMajor(arena))
                            .set("dst", target)
                            .set("dst_size", target.byteSize());
            if (target.byteSize() == 0) {
                // NULL would ask for the size instead.
                args.set("dst", arena.allocate(1));
            }
            client.calls()
                    .call(
                            PjrtFunction.BUFFER_TO_HOST,
                            args,
                            () -> "copying %s from %s".formatted(type, device));
            return EventUpcalls.follow(
                    client.calls(),
                    args.pointer("event"),
                    new PjrtEvent(
                            () -> "copying %s from %s".formatted(type, device),
                            target,
                            () -> null));
        } finally {
            handle.release();
        }
    }

    /**
     * Where the content is in the device's memory; on a CPU device that is memory of this process.
     * Valid while the buffer is live, and meaningful once it is filled.
     */
    public long unsafePointer() throws PjrtException {
        acquire();
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    client.calls()
                            .args(arena, PjrtStructs.BUFFER_UNSAFE_POINTER)
                            .set("buffer", handle.address());
            client.calls()
                    .call(
                            PjrtFunction.BUFFER_UNSAFE_POINTER,
                            args,
                            () -> "asking where %s is".formatted(type));
            return args.number("address");
        } finally {
            handle.release();
        }
    }

    /** Gives the memory back, after the runs that use it. Harmless when repeated. */
    @Override
    public void close() {
        closed = true;
        client.forget(this);
        handle.close();
    }

    /**
     * Begins a call that uses the buffer.
     *
     * @throws PjrtException {@code FAILED_PRECONDITION} if it is not live
     */
    void acquire() throws PjrtException {
        if (!handle.acquire()) {
            throw notLive();
        }
    }

    /** Begins a run to which the buffer is donated. */
    void claim() throws PjrtException {
        if (!handle.claim()) {
            throw notLive();
        }
    }

    /** The native buffer, between {@link #acquire} or {@link #claim} and what ends it. */
    MemorySegment address() {
        return handle.address();
    }

    /** Ends what {@link #acquire} began. */
    void release() {
        handle.release();
    }

    /** Ends what {@link #claim} began: the run was dispatched, and the buffer is gone. */
    void donate() {
        donated = true;
        client.forget(this);
        handle.settle(true);
    }

    /** Ends what {@link #claim} began, if the run was not dispatched. */
    void unclaim() {
        if (deleted()) {
            donate();
        } else {
            handle.settle(false);
        }
    }

    private boolean deleted() {
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    client.calls()
                            .args(arena, PjrtStructs.BUFFER_IS_DELETED)
                            .set("buffer", handle.address());
            client.calls()
                    .call(
                            PjrtFunction.BUFFER_IS_DELETED,
                            args,
                            () -> "asking whether %s is deleted".formatted(type));
            return args.number("deleted") != 0;
        } catch (PjrtException e) {
            // Better lost than used when it is not there.
            return true;
        }
    }

    private PjrtException notLive() {
        String why =
                switch (state()) {
                    case CLOSED -> "is closed";
                    case DONATED -> "was donated to a run";
                    case LIVE ->
                            "is to be donated, and is at the same time used by another argument or"
                                    + " call";
                };
        return new PjrtException(
                Code.FAILED_PRECONDITION, "buffer %s on %s %s".formatted(type, device, why));
    }

    private @Nullable String whyNotUploaded() {
        return state() == State.LIVE
                ? "the host memory of buffer %s is used without a copy and is free only after the buffer is closed"
                        .formatted(type)
                : null;
    }

    // The device's own order of dimensions may be another one; up to one dimension there is no
    // other.
    private MemorySegment rowMajor(Arena arena) {
        int rank = type.shape().size();
        if (rank < 2) {
            return MemorySegment.NULL;
        }
        long[] order = new long[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = rank - 1L - i;
        }
        return client.calls()
                .args(arena, PjrtStructs.MEMORY_LAYOUT)
                .set("tiled_struct_size", PjrtStructs.TILED_BYTES)
                .set("minor_to_major", arena.allocateFrom(ValueLayout.JAVA_LONG, order))
                .set("num_minor_to_major", rank)
                .memory();
    }

    static String kind(MemorySegment memory) {
        if (!memory.isNative()) {
            return "the Java heap";
        }
        return memory.isReadOnly() ? "read-only memory" : "native memory";
    }

    /** As in {@code f32[2] on cpu:0, LIVE}. */
    @Override
    public String toString() {
        return "%s on %s, %s".formatted(type, device, state());
    }
}
