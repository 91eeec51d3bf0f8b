package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtApi;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The callbacks by which a plugin uses a {@link KeyValueStore}. Nothing escapes from them: an
 * exception that left one would end the JVM.
 */
final class KeyValueUpcalls {
    private static final Map<Long, KeyValueStore> STORES = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    private static final MemorySegment GET = callback("get");
    private static final MemorySegment TRY_GET = callback("tryGet");
    private static final MemorySegment PUT = callback("put");

    private static final MemorySegment FREE = system("free");
    private static final MethodHandle MALLOC = malloc();

    /** A call of the store's. */
    @FunctionalInterface
    private interface Use {
        void of(KeyValueStore store) throws PjrtException;
    }

    private KeyValueUpcalls() {}

    /** Lets the client that is being created use a store. Returns what takes it away again. */
    static Runnable offer(KeyValueStore store, Args create) {
        long number = NUMBERS.incrementAndGet();
        MemorySegment user = MemorySegment.ofAddress(number);
        STORES.put(number, store);
        create.set("kv_get_callback", GET)
                .set("kv_get_user_arg", user)
                .set("kv_try_get_callback", TRY_GET)
                .set("kv_try_get_user_arg", user)
                .set("kv_put_callback", PUT)
                .set("kv_put_user_arg", user);
        return () -> STORES.remove(number);
    }

    @SuppressWarnings("UnusedMethod") // Found by name.
    private static MemorySegment get(MemorySegment address) {
        Args args = Args.at(address, PjrtStructs.KV_GET);
        return use(
                args,
                store ->
                        give(
                                args,
                                store.get(
                                        args.text("key", "key_size"),
                                        Duration.ofMillis(args.number("timeout_millis")))));
    }

    @SuppressWarnings("UnusedMethod") // Found by name.
    private static MemorySegment tryGet(MemorySegment address) {
        Args args = Args.at(address, PjrtStructs.KV_TRY_GET);
        return use(
                args,
                store -> {
                    String key = args.text("key", "key_size");
                    give(
                            args,
                            store.tryGet(key)
                                    .orElseThrow(() ->
                                            new PjrtException(
                                                    Code.NOT_FOUND,
                                                    "there is no key '%s'".formatted(key))));
                });
    }

    @SuppressWarnings("UnusedMethod") // Found by name.
    private static MemorySegment put(MemorySegment address) {
        Args args = Args.at(address, PjrtStructs.KV_PUT);
        return use(
                args,
                store ->
                        store.put(args.text("key", "key_size"), args.bytes("value", "value_size")));
    }

    private static MemorySegment use(Args args, Use use) {
        Code code = Code.INTERNAL;
        String message;
        try {
            @Nullable KeyValueStore store = STORES.get(args.pointer("user_arg").address());
            if (store == null) {
                message = "the client of this key-value store is destroyed";
            } else {
                use.of(store);
                return MemorySegment.NULL;
            }
        } catch (PjrtException e) {
            code = e.code();
            message = String.valueOf(e.getMessage());
        } catch (Throwable e) {
            message = "the key-value store failed: " + e;
        }
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
            return PjrtApi.callbackError(
                    args.pointer("callback_error"),
                    code.number(),
                    arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes),
                    bytes.length);
        } catch (Throwable _) {
            // Not even an error can be made. The plugin takes this for an empty value.
            return MemorySegment.NULL;
        }
    }

    // The plugin copies the value and frees it.
    @SuppressWarnings("restricted")
    private static void give(Args args, byte[] value) throws PjrtException {
        MemorySegment copy;
        try {
            copy = (MemorySegment) MALLOC.invokeExact(Math.max(1L, value.length));
        } catch (Throwable e) {
            throw new PjrtException(Code.INTERNAL, "cannot allocate memory", e);
        }
        if (copy.address() == 0) {
            throw new PjrtException(Code.RESOURCE_EXHAUSTED, "no memory for a value");
        }
        MemorySegment.copy(
                value, 0, copy.reinterpret(value.length), ValueLayout.JAVA_BYTE, 0, value.length);
        args.set("value", copy).set("value_size", value.length).set("value_deleter", FREE);
    }

    @SuppressWarnings("restricted")
    private static MemorySegment callback(String method) {
        try {
            return Linker.nativeLinker()
                    .upcallStub(
                            MethodHandles.lookup()
                                    .findStatic(
                                            KeyValueUpcalls.class,
                                            method,
                                            MethodType.methodType(
                                                    MemorySegment.class, MemorySegment.class)),
                            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                            Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the callback is missing", e);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle malloc() {
        return Linker.nativeLinker()
                .downcallHandle(
                        system("malloc"),
                        FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    }

    private static MemorySegment system(String function) {
        SymbolLookup system = Linker.nativeLinker().defaultLookup();
        return system.findOrThrow(function);
    }
}
