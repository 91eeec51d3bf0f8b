package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtApi;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A compiled program, loaded into a client. Whoever got it closes it, or the client does; runs that
 * were dispatched go on. Any thread.
 */
public final class PjrtExecutable implements Owned {
    private final PjrtClient client;
    private final Signature signature;
    private final CompileTarget target;
    private final List<PjrtDevice> devices;
    private final String fingerprint;
    private final MemorySegment executable;
    private final NativeHandle handle;

    /**
     * Takes over both objects of the plugin's; inside of a call that has acquired the client.
     *
     * @param loaded the loaded executable
     * @param executable its other half, which describes it
     */
    PjrtExecutable(
            PjrtClient client,
            MemorySegment loaded,
            MemorySegment executable,
            Signature signature,
            CompileTarget target,
            List<PjrtDevice> devices,
            String fingerprint) {
        this.client = client;
        this.executable = executable;
        this.signature = signature;
        this.target = target;
        this.devices = List.copyOf(devices);
        this.fingerprint = fingerprint;
        handle = new NativeHandle(loaded, () -> destroy(client, loaded, executable));
        client.adopt(this);
    }

    private static void destroy(PjrtClient client, MemorySegment loaded, MemorySegment executable) {
        Executables.destroy(client.calls(), loaded, executable);
        client.release();
    }

    /** What it takes and gives. */
    public Signature signature() {
        return signature;
    }

    /** What it was compiled for. */
    public CompileTarget target() {
        return target;
    }

    /**
     * The devices that it runs on, in the order of replicas; none if they are chosen at each run.
     */
    public List<PjrtDevice> devices() {
        return devices;
    }

    /** The plugin's name for the compiled program; empty if it gives none. */
    public String fingerprint() {
        return fingerprint;
    }

    /**
     * The compiled program, for {@link PjrtClient#load} by the same version of the same plugin on
     * the same kind of machine. There is no check in it: keep a digest beside it.
     */
    public byte[] serialize() throws PjrtException {
        acquire();
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    client.calls()
                            .args(arena, PjrtStructs.EXECUTABLE_SERIALIZE)
                            .set("executable", executable);
            client.calls()
                    .call(
                            PjrtFunction.EXECUTABLE_SERIALIZE,
                            args,
                            () -> "serializing a compiled program");
            try {
                return args.bytes("bytes", "bytes_size");
            } finally {
                if (args.pointer("deleter").address() != 0) {
                    PjrtApi.callDeleter(args.pointer("deleter"), args.pointer("handle"));
                }
            }
        } finally {
            handle.release();
        }
    }

    /**
     * Dispatches a run on one device.
     *
     * <p>Count, types, device and state of all arguments are checked before the plugin is called.
     * The arguments that the signature calls donated are gone afterwards, but for those in {@code
     * keep}, of which the program gets a copy.
     *
     * @param device the device of the arguments
     * @param keep indexes of donated arguments that stay live
     * @throws PjrtException {@code INVALID_ARGUMENT} if an argument does not fit, {@code
     *     FAILED_PRECONDITION} if one is not live or something is closed, else the plugin's error;
     *     the arguments then are as before
     */
    public Execution execute(List<PjrtBuffer> arguments, PjrtDevice device, Set<Integer> keep)
            throws PjrtException {
        switch (target) {
            case CompileTarget.OneDevice _ -> {
                if (!devices.contains(device)) {
                    throw invalid(
                            "the program was compiled for %s, not for %s"
                                    .formatted(devices, device));
                }
            }
            case CompileTarget.Portable() -> {
                if (device.client() != client) {
                    throw invalid("device %s belongs to another client".formatted(device));
                }
            }
            case CompileTarget.Replicas(int count) ->
                    throw invalid(
                            "the program has %d replicas, which run together".formatted(count));
        }
        return run(List.of(arguments), List.of(device), keep).getFirst();
    }

    /**
     * Dispatches a run on several devices at once.
     *
     * @param rows the arguments of each replica, in the order of {@link #devices}
     * @param keep as in {@link #execute}, for every replica
     * @return one for each replica
     */
    public List<Execution> executeReplicas(List<List<PjrtBuffer>> rows, Set<Integer> keep)
            throws PjrtException {
        if (!(target instanceof CompileTarget.Replicas(int count))) {
            throw invalid("the program was compiled for one device");
        }
        if (rows.size() != count) {
            throw invalid(
                    "the program has %d replicas, and got arguments for %d"
                            .formatted(count, rows.size()));
        }
        return run(rows, devices, keep);
    }

    /** Refuses further runs. Those under way go on. Harmless when repeated. */
    @Override
    public void close() {
        client.forget(this);
        handle.close();
    }

    private List<Execution> run(
            List<List<PjrtBuffer>> rows, List<PjrtDevice> rowDevices, Set<Integer> keep)
            throws PjrtException {
        for (int index : keep) {
            if (index < 0 || index >= signature.arguments().size()) {
                throw invalid(
                        "argument %d of %d cannot be kept"
                                .formatted(index, signature.arguments().size()));
            }
        }
        for (int i = 0; i < rows.size(); i++) {
            check(rows.get(i), rowDevices.get(i));
        }
        acquire();
        try (Arena arena = Arena.ofConfined();
                Loans loans = new Loans()) {
            for (List<PjrtBuffer> row : rows) {
                for (int i = 0; i < row.size(); i++) {
                    loans.take(row.get(i), signature.donated().contains(i) && !keep.contains(i));
                }
            }
            MemorySegment outputs = pointers(arena, rows.size());
            MemorySegment events = pointers(arena, rows.size());
            Args args = arguments(arena, rows, keep, outputs, events);
            if (target instanceof CompileTarget.Portable) {
                args.set("device", rowDevices.getFirst().address());
            }
            client.calls().call(PjrtFunction.LOADED_EXECUTE, args, () -> doing(rowDevices));
            loans.donate();
            return executions(rowDevices, outputs, events);
        } finally {
            handle.release();
        }
    }

    private void check(List<PjrtBuffer> row, PjrtDevice device) throws PjrtException {
        List<TensorType> types = signature.arguments();
        if (row.size() != types.size()) {
            throw invalid(
                    "the program takes %d arguments, and got %d"
                            .formatted(types.size(), row.size()));
        }
        for (int i = 0; i < row.size(); i++) {
            PjrtBuffer buffer = row.get(i);
            if (!buffer.type().equals(types.get(i))) {
                throw invalid(
                        "argument %d is %s, and the program takes %s"
                                .formatted(i, buffer.type(), types.get(i)));
            }
            // Devices of other clients are other objects.
            if (buffer.device() != device) {
                throw invalid(
                        "argument %d is on %s, and the run on %s%s"
                                .formatted(
                                        i,
                                        buffer.device(),
                                        device,
                                        buffer.device().client() == client
                                                ? ""
                                                : " of another client"));
            }
        }
    }

    private Args arguments(
            Arena arena,
            List<List<PjrtBuffer>> rows,
            Set<Integer> keep,
            MemorySegment outputs,
            MemorySegment events) {
        MemorySegment inputs = pointers(arena, rows.size());
        for (int row = 0; row < rows.size(); row++) {
            List<PjrtBuffer> buffers = rows.get(row);
            MemorySegment cells = pointers(arena, buffers.size());
            for (int i = 0; i < buffers.size(); i++) {
                cells.setAtIndex(ValueLayout.ADDRESS, i, buffers.get(i).address());
            }
            inputs.setAtIndex(ValueLayout.ADDRESS, row, cells);
            outputs.setAtIndex(
                    ValueLayout.ADDRESS, row, pointers(arena, signature.results().size()));
        }
        // Whatever is not to be donated is named, so that a program which donates more than its
        // signature says does not take a buffer away unnoticed.
        long[] kept = new long[signature.arguments().size()];
        int count = 0;
        for (int i = 0; i < kept.length; i++) {
            if (!signature.donated().contains(i) || keep.contains(i)) {
                kept[count++] = i;
            }
        }
        Args options =
                client.calls()
                        .args(arena, PjrtStructs.EXECUTE_OPTIONS)
                        .set("non_donatable", arena.allocateFrom(ValueLayout.JAVA_LONG, kept))
                        .set("num_non_donatable", count);
        if (options.has("strict")) {
            options.set("strict", 1);
        }
        return client.calls()
                .args(arena, PjrtStructs.LOADED_EXECUTE)
                .set("executable", handle.address())
                .set("options", options.memory())
                .set("arguments", inputs)
                .set("num_devices", rows.size())
                .set("num_args", signature.arguments().size())
                .set("outputs", outputs)
                .set("events", events);
    }

    @SuppressWarnings("restricted")
    private List<Execution> executions(
            List<PjrtDevice> rowDevices, MemorySegment outputs, MemorySegment events) {
        List<Execution> executions = new ArrayList<>();
        for (int row = 0; row < rowDevices.size(); row++) {
            PjrtDevice device = rowDevices.get(row);
            int count = signature.results().size();
            MemorySegment cells =
                    outputs.getAtIndex(ValueLayout.ADDRESS, row)
                            .reinterpret((long) count * Long.BYTES);
            List<PjrtBuffer> results = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                results.add(
                        PjrtBuffer.result(
                                client,
                                cells.getAtIndex(ValueLayout.ADDRESS, i),
                                signature.results().get(i),
                                device));
            }
            PjrtEvent done =
                    EventUpcalls.follow(
                            client.calls(),
                            events.getAtIndex(ValueLayout.ADDRESS, row),
                            new PjrtEvent(() -> doing(List.of(device)), null, () -> null));
            executions.add(new Execution(results, done));
        }
        return executions;
    }

    private String doing(List<PjrtDevice> rowDevices) {
        return "running a program of %d arguments on %s"
                .formatted(
                        signature.arguments().size(),
                        rowDevices.size() == 1 ? rowDevices.getFirst() : rowDevices);
    }

    private void acquire() throws PjrtException {
        if (!handle.acquire()) {
            throw new PjrtException(Code.FAILED_PRECONDITION, "the program is closed");
        }
    }

    private static PjrtException invalid(String message) {
        return new PjrtException(Code.INVALID_ARGUMENT, message);
    }

    // Never empty: an empty array could be NULL.
    private static MemorySegment pointers(Arena arena, int count) {
        return arena.allocate(ValueLayout.ADDRESS, Math.max(1, count));
    }

    /** The buffers that a run uses, given back at its end. */
    private static final class Loans implements AutoCloseable {
        private final List<PjrtBuffer> used = new ArrayList<>();
        private final List<PjrtBuffer> claimed = new ArrayList<>();

        void take(PjrtBuffer buffer, boolean donate) throws PjrtException {
            if (donate) {
                buffer.claim();
                claimed.add(buffer);
            } else {
                buffer.acquire();
                used.add(buffer);
            }
        }

        void donate() {
            claimed.forEach(PjrtBuffer::donate);
            claimed.clear();
        }

        @Override
        public void close() {
            used.forEach(PjrtBuffer::release);
            claimed.forEach(PjrtBuffer::unclaim);
        }
    }
}
