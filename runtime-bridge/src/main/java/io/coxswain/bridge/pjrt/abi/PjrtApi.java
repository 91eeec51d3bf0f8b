package io.coxswain.bridge.pjrt.abi;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;

/**
 * The function table of a loaded plugin.
 *
 * <p>Calls are made as they are told: nothing checks that a handle is alive. Any thread; the table
 * stays valid until the process ends.
 */
public final class PjrtApi {
    /** The only major version there is. */
    public static final int KNOWN_MAJOR = 0;

    /** The newest minor version whose structs were checked. */
    public static final int NEWEST_CHECKED_MINOR = 115;

    private static final long SIZE_AT = 0;
    private static final long VERSION_SIZE_AT = 16;
    private static final long VERSION_BYTES = 24;
    private static final long MAJOR_AT = 32;
    private static final long MINOR_AT = 36;
    private static final long SLOTS_AT = 40;

    @SuppressWarnings("restricted")
    private static final MethodHandle CALL =
            Linker.nativeLinker()
                    .downcallHandle(
                            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    @SuppressWarnings("restricted")
    private static final MethodHandle CALL_VOID =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    @SuppressWarnings("restricted")
    private static final MethodHandle CALLBACK_ERROR =
            Linker.nativeLinker()
                    .downcallHandle(
                            FunctionDescriptor.of(
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG));

    private final ApiVersion version;
    private final long slots;
    private final Map<PjrtFunction, MemorySegment> functions;

    private PjrtApi(ApiVersion version, long slots, Map<PjrtFunction, MemorySegment> functions) {
        this.version = version;
        this.slots = slots;
        this.functions = functions;
    }

    /**
     * Reads the table that {@code GetPjrtApi} returned.
     *
     * @throws UnsupportedApiException if the major version is not {@value #KNOWN_MAJOR} or a
     *     required function is missing
     */
    @SuppressWarnings("restricted")
    public static PjrtApi read(MemorySegment table) throws UnsupportedApiException {
        MemorySegment head = table.reinterpret(SLOTS_AT);
        long bytes = head.get(ValueLayout.JAVA_LONG, SIZE_AT);
        long versionBytes = head.get(ValueLayout.JAVA_LONG, VERSION_SIZE_AT);
        ApiVersion version =
                new ApiVersion(
                        head.get(ValueLayout.JAVA_INT, MAJOR_AT),
                        head.get(ValueLayout.JAVA_INT, MINOR_AT));
        if (bytes < SLOTS_AT || versionBytes > VERSION_BYTES) {
            throw new UnsupportedApiException(
                    "its function table has a form that is not known (size %d, version struct %d bytes)"
                            .formatted(bytes, versionBytes));
        }
        if (version.major() != KNOWN_MAJOR) {
            throw new UnsupportedApiException(
                    "its PJRT API is %s; only major version %d is known"
                            .formatted(version, KNOWN_MAJOR));
        }
        long slots = (bytes - SLOTS_AT) / Long.BYTES;
        MemorySegment whole = table.reinterpret(SLOTS_AT + slots * Long.BYTES);
        Map<PjrtFunction, MemorySegment> functions = new EnumMap<>(PjrtFunction.class);
        for (PjrtFunction function : PjrtFunction.values()) {
            MemorySegment address =
                    function.slot() < slots
                            ? whole.get(
                                    ValueLayout.ADDRESS,
                                    SLOTS_AT + (long) function.slot() * Long.BYTES)
                            : MemorySegment.NULL;
            if (address.address() != 0) {
                functions.put(function, address);
            } else if (function.required()) {
                throw new UnsupportedApiException(
                        "its PJRT API %s has %d functions and lacks %s, which is needed"
                                .formatted(version, slots, function));
            }
        }
        return new PjrtApi(version, slots, functions);
    }

    /** The version of the interface. */
    public ApiVersion version() {
        return version;
    }

    /** How many slots the table has. */
    public long slots() {
        return slots;
    }

    /** Whether the plugin has a function. */
    public boolean has(PjrtFunction function) {
        return functions.containsKey(function);
    }

    /** A zeroed struct of the size that this plugin expects. */
    public Args args(Arena arena, StructLayout layout) {
        return Args.allocate(arena, layout, version.minor());
    }

    /**
     * Calls a function that answers with an error: address 0 is success, everything else an error
     * that the caller destroys.
     *
     * @throws IllegalStateException if the plugin does not {@linkplain #has have} it
     */
    public MemorySegment call(PjrtFunction function, Args args) {
        MemorySegment address = address(function, args);
        try {
            return (MemorySegment) CALL.invokeExact(address, args.memory());
        } catch (Throwable e) {
            throw failed("cannot call " + function, e);
        }
    }

    /** Calls one of the functions that answer nothing. */
    public void callVoid(PjrtFunction function, Args args) {
        MemorySegment address = address(function, args);
        try {
            CALL_VOID.invokeExact(address, args.memory());
        } catch (Throwable e) {
            throw failed("cannot call " + function, e);
        }
    }

    /** Calls {@code void* function()}: the entry of a plugin. */
    @SuppressWarnings("restricted")
    public static MemorySegment callEntry(MemorySegment function) {
        MethodHandle call =
                Linker.nativeLinker()
                        .downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            return (MemorySegment) call.invokeExact();
        } catch (Throwable e) {
            throw failed("cannot call the entry of the plugin", e);
        }
    }

    /** Calls {@code void function(void* argument)}: the deleters that plugins hand out. */
    public static void callDeleter(MemorySegment function, MemorySegment argument) {
        try {
            CALL_VOID.invokeExact(function, argument);
        } catch (Throwable e) {
            throw failed("cannot call a deleter", e);
        }
    }

    /**
     * Makes an error inside of a callback, for it to return.
     *
     * @param maker what the callback's arguments call {@code callback_error}: where the address of
     *     the function is
     * @param message native memory of {@code messageBytes}; it is copied
     */
    @SuppressWarnings("restricted")
    public static MemorySegment callbackError(
            MemorySegment maker, int code, MemorySegment message, long messageBytes) {
        MemorySegment function =
                maker.reinterpret(ValueLayout.ADDRESS.byteSize()).get(ValueLayout.ADDRESS, 0);
        try {
            return (MemorySegment)
                    CALLBACK_ERROR.invokeExact(function, code, message, messageBytes);
        } catch (Throwable e) {
            throw failed("cannot make an error", e);
        }
    }

    // Method handles declare Throwable; what they really throw is not checked.
    private static IllegalStateException failed(String what, Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(what, e);
        };
    }

    private MemorySegment address(PjrtFunction function, Args args) {
        if (args.layout() != function.struct()) {
            throw new IllegalArgumentException(
                    "%s takes %s, not %s".formatted(function, function.struct(), args.layout()));
        }
        @Nullable MemorySegment address = functions.get(function);
        if (address == null) {
            throw new IllegalStateException("the plugin has no " + function);
        }
        return address;
    }
}
