package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.abi.StructLayout;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A plugin's client: devices, and the buffers and programs on them, all of which it owns.
 *
 * <p>Any thread. After {@link #close} every call is refused; a call under way finishes first.
 */
public final class PjrtClient implements AutoCloseable {
    // XLA's compiler recurses over the program: 3,000 operations in a row overflowed 256 KiB, which
    // ends the process without a report; 10,000 overflowed 1 MiB.
    private static final long COMPILER_STACK_BYTES = 256L << 20;

    // Loading takes tens of milliseconds.
    private static final Duration LOAD_LIMIT = Duration.ofMinutes(2);

    @FunctionalInterface
    private interface Job {
        PjrtExecutable run() throws PjrtException;
    }

    private final Calls calls;
    private final NativeHandle handle;
    private final Executables executables;
    private final String platformName;
    private final String platformVersion;
    private final List<PjrtDevice> devices;
    private final Set<Owned> owned = ConcurrentHashMap.newKeySet();
    private final AtomicInteger compilations = new AtomicInteger();
    private final CompletableFuture<Boolean> destroyed = new CompletableFuture<>();

    /**
     * Takes over the plugin's client, and destroys it if it cannot be used.
     *
     * @param whenDestroyed what else to free then
     */
    PjrtClient(Calls calls, MemorySegment address, Runnable whenDestroyed) throws PjrtException {
        this.calls = calls;
        handle =
                new NativeHandle(
                        address,
                        () -> {
                            calls.destroy(PjrtFunction.CLIENT_DESTROY, "client", address);
                            whenDestroyed.run();
                            destroyed.complete(true);
                        });
        executables = new Executables(this, address);
        try {
            platformName =
                    text(
                            PjrtFunction.CLIENT_PLATFORM_NAME,
                            PjrtStructs.CLIENT_PLATFORM_NAME,
                            "client",
                            address);
            platformVersion =
                    text(
                            PjrtFunction.CLIENT_PLATFORM_VERSION,
                            PjrtStructs.CLIENT_PLATFORM_VERSION,
                            "client",
                            address);
            devices = readDevices(address);
        } catch (PjrtException e) {
            handle.close();
            throw e;
        }
    }

    /** What kind of devices: {@code cpu}, {@code cuda}, {@code tpu}. */
    public String platformName() {
        return platformName;
    }

    /** Versions of the plugin's parts, as it tells them. */
    public String platformVersion() {
        return platformVersion;
    }

    /** The devices that this process can use, at least one. */
    public List<PjrtDevice> devices() {
        return devices;
    }

    /**
     * Compiles a program and compares its results with the signature. The module must come from a
     * trusted source and its digest must have been checked: of a damaged one the plugin may make a
     * wrong program, or die.
     *
     * <p>There is no way to stop a compilation. One that exceeds the limit goes on in the
     * background with its processor and memory until it is done or the process ends; its result is
     * thrown away.
     *
     * @param module StableHLO: text or portable artifact, entry function {@code main}, static
     *     shapes
     * @throws PjrtException {@code DEADLINE_EXCEEDED} after {@code limit}; {@code INVALID_ARGUMENT}
     *     if the program does not fit the signature; else the plugin's error
     */
    public PjrtExecutable compile(
            byte[] module, Signature signature, CompileTarget target, Duration limit)
            throws PjrtException {
        checkTarget(target);
        if (module.length == 0) {
            throw new PjrtException(Code.INVALID_ARGUMENT, "the program to compile is empty");
        }
        return onLargeStack(
                "compiling a program of %d bytes".formatted(module.length),
                limit,
                () -> executables.compile(module, signature, target));
    }

    /**
     * Loads what {@link PjrtExecutable#serialize} gave, in this version of this plugin only. The
     * bytes must be whole: check their digest before.
     *
     * @param target what it was compiled for
     */
    public PjrtExecutable load(byte[] serialized, Signature signature, CompileTarget target)
            throws PjrtException {
        checkTarget(target);
        if (serialized.length == 0) {
            throw new PjrtException(Code.INVALID_ARGUMENT, "the compiled program to load is empty");
        }
        return onLargeStack(
                "loading a compiled program of %d bytes".formatted(serialized.length),
                LOAD_LIMIT,
                () -> executables.load(serialized, signature, target));
    }

    /**
     * Makes a buffer of host memory.
     *
     * @param data native memory of exactly the type's size, row-major; see {@link HostSemantics}
     *     for how long it must stay as it is. It is kept reachable, but a caller who frees it early
     *     kills the process.
     */
    public PjrtBuffer upload(
            MemorySegment data, TensorType type, PjrtDevice device, HostSemantics semantics)
            throws PjrtException {
        checkUpload(data, type, device, semantics);
        acquire();
        try (Arena arena = Arena.ofConfined()) {
            long[] dims = type.shape().stream().mapToLong(Long::longValue).toArray();
            // Memory without bytes has no address that means anything, and NULL is not allowed.
            MemorySegment source = data.byteSize() == 0 ? arena.allocate(1, 64) : data;
            Args args =
                    calls.args(arena, PjrtStructs.CLIENT_BUFFER_FROM_HOST)
                            .set("client", handle.address())
                            .set("data", source)
                            .set("type", type.element().code())
                            .set("dims", arena.allocateFrom(ValueLayout.JAVA_LONG, dims))
                            .set("num_dims", dims.length)
                            .set("semantics", semantics.code())
                            .set("device", device.address());
            calls.call(
                    PjrtFunction.CLIENT_BUFFER_FROM_HOST,
                    args,
                    () -> "uploading %s to %s".formatted(type, device));
            return PjrtBuffer.uploaded(
                    this,
                    args.pointer("buffer"),
                    type,
                    device,
                    args.pointer("done_event"),
                    data,
                    semantics.zeroCopy());
        } finally {
            release();
            Reference.reachabilityFence(data);
        }
    }

    /**
     * Closes its buffers and programs and destroys the client, after the runs and calls under way.
     * While a compilation is under way, the client is destroyed at its end, and this method does
     * not wait for it. Harmless when repeated.
     */
    @Override
    public void close() {
        handle.close();
        owned.forEach(Owned::close);
        if (compilations.get() == 0) {
            destroyed.join();
        }
    }

    Calls calls() {
        return calls;
    }

    /** Begins a call of the client's. */
    private void acquire() throws PjrtException {
        if (!handle.acquire()) {
            throw new PjrtException(
                    Code.FAILED_PRECONDITION, "the client of plugin %s is closed".formatted(calls));
        }
    }

    /** Ends a call, or the life of something {@linkplain #adopt adopted}. */
    void release() {
        handle.release();
    }

    /** Takes on something made by a call under way; it keeps the client until it releases it. */
    void adopt(Owned thing) {
        handle.retain();
        owned.add(thing);
        if (handle.closed()) {
            thing.close();
        }
    }

    /** Something adopted is closed. */
    void forget(Owned thing) {
        owned.remove(thing);
    }

    PjrtDevice device(MemorySegment address) throws PjrtException {
        for (PjrtDevice device : devices) {
            if (device.address().address() == address.address()) {
                return device;
            }
        }
        throw new PjrtException(
                Code.INVALID_ARGUMENT,
                "the program wants a device that is not one of %s".formatted(devices));
    }

    private PjrtExecutable onLargeStack(String doing, Duration limit, Job job)
            throws PjrtException {
        compilations.incrementAndGet();
        try {
            acquire();
        } catch (PjrtException e) {
            compilations.decrementAndGet();
            throw e;
        }
        CompletableFuture<PjrtExecutable> outcome = new CompletableFuture<>();
        Runnable work =
                () -> {
                    try {
                        PjrtExecutable made = job.run();
                        if (!outcome.complete(made)) {
                            made.close();
                        }
                    } catch (Throwable e) {
                        outcome.completeExceptionally(e);
                    } finally {
                        release();
                        compilations.decrementAndGet();
                    }
                };
        Thread thread = new Thread(null, work, "pjrt-compiler", COMPILER_STACK_BYTES);
        thread.setDaemon(true);
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                release();
                compilations.decrementAndGet();
            }
        }
        return await(outcome, doing, limit);
    }

    private static PjrtExecutable await(
            CompletableFuture<PjrtExecutable> outcome, String doing, Duration limit)
            throws PjrtException {
        PjrtException early;
        try {
            return outcome.get(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw failure(e, doing);
        } catch (TimeoutException e) {
            early =
                    new PjrtException(
                            Code.DEADLINE_EXCEEDED,
                            "%s did not end within %s; it cannot be stopped and goes on in the background until this process ends"
                                    .formatted(doing, limit),
                            e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            early =
                    new PjrtException(
                            Code.CANCELLED,
                            "%s: interrupted; it goes on in the background".formatted(doing),
                            e);
        }
        if (outcome.cancel(false)) {
            throw early;
        }
        // It ended at the last moment.
        try {
            return outcome.join();
        } catch (CancellationException | CompletionException e) {
            throw failure(e, doing);
        }
    }

    private static PjrtException failure(Exception e, String doing) {
        return e.getCause() instanceof PjrtException cause
                ? new PjrtException(cause.code(), String.valueOf(cause.getMessage()), cause)
                : new PjrtException(Code.INTERNAL, "%s: %s".formatted(doing, e.getCause()), e);
    }

    private void checkTarget(CompileTarget target) throws PjrtException {
        boolean known =
                switch (target) {
                    case CompileTarget.OneDevice(int id) ->
                            devices.stream().anyMatch(device -> device.id() == id);
                    case CompileTarget.Portable() -> true;
                    case CompileTarget.Replicas(int count) -> count <= devices.size();
                };
        if (!known) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "%s: the client has the devices %s".formatted(target, devices));
        }
    }

    private void checkUpload(
            MemorySegment data, TensorType type, PjrtDevice device, HostSemantics semantics)
            throws PjrtException {
        String wrong;
        if (device.client() != this) {
            wrong = "device %s belongs to another client".formatted(device);
        } else if (!data.scope().isAlive()) {
            wrong = "the data's memory is closed";
        } else if (!data.isNative()) {
            wrong = "the data must be in native memory, not on the Java heap";
        } else if (data.byteSize() != type.byteSize()) {
            wrong =
                    "the data have %d bytes, and the type needs %d"
                            .formatted(data.byteSize(), type.byteSize());
        } else if (semantics.zeroCopy() && data.address() % PjrtBuffer.ZERO_COPY_ALIGNMENT != 0) {
            wrong =
                    "to be used without a copy the data must lie at a multiple of %d bytes, not %d behind one"
                            .formatted(
                                    PjrtBuffer.ZERO_COPY_ALIGNMENT,
                                    data.address() % PjrtBuffer.ZERO_COPY_ALIGNMENT);
        } else if (semantics == HostSemantics.MUTABLE_ZERO_COPY && data.isReadOnly()) {
            wrong = "the data are read-only, and programs could write there";
        } else {
            return;
        }
        throw new PjrtException(
                Code.INVALID_ARGUMENT, "uploading %s to %s: %s".formatted(type, device, wrong));
    }

    private List<PjrtDevice> readDevices(MemorySegment address) throws PjrtException {
        List<PjrtDevice> found = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.CLIENT_ADDRESSABLE_DEVICES)
                            .set("client", address);
            calls.call(PjrtFunction.CLIENT_ADDRESSABLE_DEVICES, args, () -> "asking for devices");
            long count = args.number("num_devices");
            MemorySegment addresses = args.array("devices", count, ValueLayout.ADDRESS);
            for (long i = 0; i < count; i++) {
                found.add(readDevice(arena, addresses.getAtIndex(ValueLayout.ADDRESS, i)));
            }
        }
        return List.copyOf(found);
    }

    private PjrtDevice readDevice(Arena arena, MemorySegment device) throws PjrtException {
        Args get = calls.args(arena, PjrtStructs.DEVICE_GET_DESCRIPTION).set("device", device);
        calls.call(PjrtFunction.DEVICE_GET_DESCRIPTION, get, () -> "asking for a device");
        MemorySegment description = get.pointer("description");
        Args id =
                calls.args(arena, PjrtStructs.DEVICE_DESCRIPTION_ID)
                        .set("description", description);
        calls.call(PjrtFunction.DEVICE_DESCRIPTION_ID, id, () -> "asking for a device's id");
        String kind =
                text(
                        PjrtFunction.DEVICE_DESCRIPTION_KIND,
                        PjrtStructs.DEVICE_DESCRIPTION_KIND,
                        "description",
                        description);
        return new PjrtDevice(this, device, Math.toIntExact(id.number("id")), kind);
    }

    private String text(
            PjrtFunction function, StructLayout layout, String field, MemorySegment object)
            throws PjrtException {
        try (Arena arena = Arena.ofConfined()) {
            Args args = calls.args(arena, layout).set(field, object);
            calls.call(function, args, () -> "asking for names");
            return args.text("text", "text_size");
        }
    }
}
