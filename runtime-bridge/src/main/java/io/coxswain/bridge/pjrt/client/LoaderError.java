package io.coxswain.bridge.pjrt.client;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Why the system's loader refuses a library: the JDK keeps it to itself. */
final class LoaderError {
    private static final int RTLD_NOW = 2;
    private static final long MAX_MESSAGE_BYTES = 4096;

    private LoaderError() {}

    /** Tries once more to load a library that could not be loaded, and tells the reason. */
    @SuppressWarnings("restricted")
    static String of(Path library) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup system = linker.defaultLookup();
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle open =
                    linker.downcallHandle(
                            system.findOrThrow("dlopen"),
                            FunctionDescriptor.of(
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_INT));
            MethodHandle error =
                    linker.downcallHandle(
                            system.findOrThrow("dlerror"),
                            FunctionDescriptor.of(ValueLayout.ADDRESS));
            MemorySegment path = arena.allocateFrom(library.toString());
            MemorySegment opened = (MemorySegment) open.invokeExact(path, RTLD_NOW);
            MemorySegment message = (MemorySegment) error.invokeExact();
            return opened.address() == 0 && message.address() != 0
                    ? message.reinterpret(MAX_MESSAGE_BYTES).getString(0)
                    : "the system does not say why";
        } catch (Throwable e) {
            return "the system does not say why (%s)".formatted(e);
        }
    }
}
