package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The mock plugin, compiled from C in the variants that tests ask for, once per process. */
public final class MockPlugin {
    private static final List<String> KINDS =
            List.of("errors", "events", "clients", "loaded", "executables", "buffers");
    private static final Map<List<String>, Path> COMPILED = new HashMap<>();

    private final Path library;

    private MockPlugin(Path library) {
        this.library = library;
    }

    /**
     * The mock.
     *
     * @param flags of the compiler, as in {@code -DMOCK_MINOR=81}
     */
    public static MockPlugin compiled(String... flags) throws IOException, InterruptedException {
        synchronized (COMPILED) {
            List<String> key = List.of(flags);
            @Nullable Path library = COMPILED.get(key);
            if (library == null) {
                library = temporary("mock_pjrt.so");
                compile(library, source().toString(), flags);
                COMPILED.put(key, library);
            }
            return new MockPlugin(library);
        }
    }

    /** Makes a library of a C file; skips the test where there is no compiler. */
    static void compile(Path library, String source, String... flags)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of("cc", "-std=gnu11", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra"));
        command.addAll(List.of("-pthread", "-o", library.toString(), "-x", "c", source));
        command.addAll(List.of(flags));
        Process compiler;
        try {
            compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            abort("no C compiler 'cc' on this machine: the mock plugin cannot be made");
            return;
        }
        String output =
                new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).as(output).isZero();
        assertThat(output).isEmpty();
    }

    private static Path source() {
        Path source = Path.of("src/test/native/mock_pjrt.c");
        return Files.exists(source) ? source : Path.of("runtime-bridge").resolve(source);
    }

    private static Path temporary(String name) throws IOException {
        Path folder = Files.createTempDirectory("mock-pjrt");
        folder.toFile().deleteOnExit();
        Path library = folder.resolve(name);
        library.toFile().deleteOnExit();
        return library;
    }

    /** The compiled library. */
    public Path library() {
        return library;
    }

    PjrtPlugin load() throws PjrtException {
        return PjrtPlugin.load(library);
    }

    /** Lets held events fire and hanging compilations go on. */
    public void release() throws Throwable {
        function("mock_release", FunctionDescriptor.ofVoid()).invoke();
    }

    /** Nothing of the plugin's is alive, and it was never used wrongly. */
    @SuppressWarnings("restricted")
    public void assertClean() throws Throwable {
        MethodHandle first =
                function("mock_first_violation", FunctionDescriptor.of(ValueLayout.ADDRESS));
        MemorySegment violation = (MemorySegment) first.invoke();
        assertThat(violation.reinterpret(256).getString(0)).isEmpty();

        MethodHandle count =
                function(
                        "mock_live",
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        Map<String, Integer> live = new TreeMap<>();
        for (int kind = 0; kind < KINDS.size(); kind++) {
            int number = (int) count.invoke(kind);
            if (number != 0) {
                live.put(KINDS.get(kind), number);
            }
        }
        assertThat(live).as("what is alive").isEmpty();
    }

    @SuppressWarnings("restricted")
    private MethodHandle function(String name, FunctionDescriptor type) {
        MemorySegment address =
                SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow(name);
        return Linker.nativeLinker().downcallHandle(address, type);
    }
}
