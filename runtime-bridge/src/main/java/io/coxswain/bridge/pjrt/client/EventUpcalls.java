package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The callbacks of events. The plugin calls on one of its threads, or inline on the thread that
 * asks to be called, if the event is ready already. The callback takes no lock, runs no code of
 * callers and lets nothing escape: an exception that left it would end the JVM.
 */
final class EventUpcalls {
    private record Waiting(Calls calls, PjrtEvent event) {}

    // What the plugin's threads look up by number; keeps events and their host memory reachable.
    private static final Map<Long, Waiting> WAITING = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();
    private static final MemorySegment CALLBACK = callback();

    private EventUpcalls() {}

    /**
     * Lets an event of the plugin end {@code event}, and destroys the plugin's event: the callback
     * comes all the same. Never throws: an event that cannot be waited for has failed.
     *
     * @param nativeEvent the plugin's event; NULL counts as done
     */
    static PjrtEvent follow(Calls calls, MemorySegment nativeEvent, PjrtEvent event) {
        if (nativeEvent.address() == 0) {
            event.settle(null);
            return event;
        }
        long number = NUMBERS.incrementAndGet();
        WAITING.put(number, new Waiting(calls, event));
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.EVENT_ON_READY)
                            .set("event", nativeEvent)
                            .set("callback", CALLBACK)
                            .set("user_arg", MemorySegment.ofAddress(number));
            calls.call(PjrtFunction.EVENT_ON_READY, args, event::doing);
        } catch (PjrtException e) {
            WAITING.remove(number);
            event.settle(e);
        }
        calls.destroy(PjrtFunction.EVENT_DESTROY, "event", nativeEvent);
        return event;
    }

    @SuppressWarnings("UnusedMethod") // Found by name.
    private static void ready(MemorySegment error, MemorySegment userArg) {
        try {
            @Nullable Waiting waiting = WAITING.remove(userArg.address());
            if (waiting == null) {
                return;
            }
            try {
                waiting.event.settle(
                        error.address() == 0
                                ? null
                                : waiting.calls.failure(error, waiting.event.doing()));
            } catch (Throwable e) {
                waiting.event.settle(
                        new PjrtException(
                                PjrtException.Code.UNKNOWN, "cannot read the plugin's error", e));
            }
        } catch (Throwable _) {
            // Nothing may escape into native code; whoever waits gets its deadline.
        }
    }

    @SuppressWarnings("restricted")
    private static MemorySegment callback() {
        try {
            return Linker.nativeLinker()
                    .upcallStub(
                            MethodHandles.lookup()
                                    .findStatic(
                                            EventUpcalls.class,
                                            "ready",
                                            MethodType.methodType(
                                                    void.class,
                                                    MemorySegment.class,
                                                    MemorySegment.class)),
                            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                            Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the callback is missing", e);
        }
    }
}
