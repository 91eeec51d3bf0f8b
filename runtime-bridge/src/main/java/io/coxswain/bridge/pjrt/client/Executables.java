package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Compiles and loads programs, and compares them with their signatures. */
final class Executables {
    private static final byte[] FORMAT = "mlir".getBytes(StandardCharsets.UTF_8);

    private final PjrtClient client;
    private final Calls calls;
    private final MemorySegment clientAddress;

    Executables(PjrtClient client, MemorySegment clientAddress) {
        this.client = client;
        this.calls = client.calls();
        this.clientAddress = clientAddress;
    }

    /** Compiles; on a thread with a large stack, inside of a call that has acquired the client. */
    PjrtExecutable compile(byte[] module, Signature signature, CompileTarget target)
            throws PjrtException {
        byte[] options = CompileOptions.of(target);
        try (Arena arena = Arena.ofConfined()) {
            Args program =
                    calls.args(arena, PjrtStructs.PROGRAM)
                            .set("code", terminated(arena, module))
                            .set("code_size", module.length)
                            .set("format", arena.allocateFrom(ValueLayout.JAVA_BYTE, FORMAT))
                            .set("format_size", FORMAT.length);
            Args args =
                    calls.args(arena, PjrtStructs.CLIENT_COMPILE)
                            .set("client", clientAddress)
                            .set("program", program.memory())
                            .set("options", arena.allocateFrom(ValueLayout.JAVA_BYTE, options))
                            .set("options_size", options.length);
            calls.call(PjrtFunction.CLIENT_COMPILE, args, () -> "compiling a program");
            return take(args.pointer("executable"), signature, target);
        }
    }

    /** Loads what {@link PjrtExecutable#serialize} gave; as {@link #compile}. */
    PjrtExecutable load(byte[] serialized, Signature signature, CompileTarget target)
            throws PjrtException {
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.EXECUTABLE_LOAD)
                            .set("client", clientAddress)
                            .set("bytes", terminated(arena, serialized))
                            .set("bytes_size", serialized.length);
            calls.call(PjrtFunction.EXECUTABLE_LOAD, args, () -> "loading a compiled program");
            return take(args.pointer("executable"), signature, target);
        }
    }

    // The parser of text looks one byte behind the end it was told, and reads on if that byte could
    // belong to the last word.
    private static MemorySegment terminated(Arena arena, byte[] bytes) {
        MemorySegment memory = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return memory;
    }

    static void destroy(Calls calls, MemorySegment loaded, MemorySegment executable) {
        calls.destroy(PjrtFunction.EXECUTABLE_DESTROY, "executable", executable);
        calls.destroy(PjrtFunction.LOADED_DESTROY, "executable", loaded);
    }

    private PjrtExecutable take(MemorySegment loaded, Signature signature, CompileTarget target)
            throws PjrtException {
        MemorySegment executable;
        try (Arena arena = Arena.ofConfined()) {
            Args args = calls.args(arena, PjrtStructs.LOADED_GET_EXECUTABLE).set("loaded", loaded);
            calls.call(PjrtFunction.LOADED_GET_EXECUTABLE, args, () -> "describing a program");
            executable = args.pointer("executable");
        } catch (PjrtException e) {
            calls.destroy(PjrtFunction.LOADED_DESTROY, "executable", loaded);
            throw e;
        }
        try {
            compare(results(executable), signature.results());
            return new PjrtExecutable(
                    client,
                    loaded,
                    executable,
                    signature,
                    target,
                    devices(loaded, target),
                    fingerprint(executable));
        } catch (PjrtException e) {
            destroy(calls, loaded, executable);
            throw e;
        }
    }

    private static void compare(List<String> actual, List<TensorType> declared)
            throws PjrtException {
        if (actual.size() != declared.size()) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "the program has %d results, and its description %d"
                            .formatted(actual.size(), declared.size()));
        }
        for (int i = 0; i < actual.size(); i++) {
            if (!actual.get(i).equals(declared.get(i).toString())) {
                throw new PjrtException(
                        Code.INVALID_ARGUMENT,
                        "result %d of the program is %s, and its description says %s"
                                .formatted(i, actual.get(i), declared.get(i)));
            }
        }
    }

    // As texts, since a program may have results of types that are not known here.
    private List<String> results(MemorySegment executable) throws PjrtException {
        try (Arena arena = Arena.ofConfined()) {
            Args types =
                    calls.args(arena, PjrtStructs.EXECUTABLE_OUTPUT_TYPES)
                            .set("executable", executable);
            calls.call(
                    PjrtFunction.EXECUTABLE_OUTPUT_TYPES, types, () -> "asking for result types");
            Args shapes =
                    calls.args(arena, PjrtStructs.EXECUTABLE_OUTPUT_DIMENSIONS)
                            .set("executable", executable);
            calls.call(
                    PjrtFunction.EXECUTABLE_OUTPUT_DIMENSIONS,
                    shapes,
                    () -> "asking for result shapes");
            int count = Math.toIntExact(types.number("num_types"));
            MemorySegment codes = types.array("types", count, ValueLayout.JAVA_INT);
            long[] ranks =
                    shapes.array("ranks", count, ValueLayout.JAVA_LONG)
                            .toArray(ValueLayout.JAVA_LONG);
            long[] dims =
                    shapes.array("dims", LongStream.of(ranks).sum(), ValueLayout.JAVA_LONG)
                            .toArray(ValueLayout.JAVA_LONG);
            List<String> results = new ArrayList<>();
            int at = 0;
            for (int i = 0; i < count; i++) {
                int code = codes.getAtIndex(ValueLayout.JAVA_INT, i);
                String element =
                        ElementType.ofCode(code).map(ElementType::toString).orElse("type-" + code);
                StringBuilder shape = new StringBuilder();
                for (int d = 0; d < ranks[i]; d++) {
                    shape.append(d == 0 ? "" : ",").append(dims[at++]);
                }
                results.add("%s[%s]".formatted(element, shape));
            }
            return results;
        }
    }

    private List<PjrtDevice> devices(MemorySegment loaded, CompileTarget target)
            throws PjrtException {
        if (target instanceof CompileTarget.Portable) {
            return List.of();
        }
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.LOADED_ADDRESSABLE_DEVICES)
                            .set("executable", loaded);
            calls.call(
                    PjrtFunction.LOADED_ADDRESSABLE_DEVICES,
                    args,
                    () -> "asking for a program's devices");
            long count = args.number("num_devices");
            MemorySegment addresses = args.array("devices", count, ValueLayout.ADDRESS);
            List<PjrtDevice> devices = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                devices.add(client.device(addresses.getAtIndex(ValueLayout.ADDRESS, i)));
            }
            boolean fits =
                    switch (target) {
                        case CompileTarget.OneDevice(int id) ->
                                devices.size() == 1 && devices.getFirst().id() == id;
                        case CompileTarget.Replicas(int replicas) -> devices.size() == replicas;
                        case CompileTarget.Portable() -> true;
                    };
            if (!fits) {
                throw new PjrtException(
                        Code.INVALID_ARGUMENT,
                        "the program runs on %s, not on %s".formatted(devices, target));
            }
            return devices;
        }
    }

    private String fingerprint(MemorySegment executable) throws PjrtException {
        if (!calls.has(PjrtFunction.EXECUTABLE_FINGERPRINT)) {
            return "";
        }
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.EXECUTABLE_FINGERPRINT)
                            .set("executable", executable);
            calls.call(
                    PjrtFunction.EXECUTABLE_FINGERPRINT,
                    args,
                    () -> "asking for a program's fingerprint");
            return args.text("text", "text_size");
        } catch (PjrtException e) {
            if (e.code() == Code.UNIMPLEMENTED) {
                return "";
            }
            throw e;
        }
    }
}
