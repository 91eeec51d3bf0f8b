package io.coxswain.bridge.host;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command lines of worker processes. All flags that a worker's JVM gets are here. */
public final class WorkerJvm {
    /**
     * Flags for a small JVM: one collector thread, a heap that begins small, grows when the model
     * asks for it and gives back what is free. Thread stacks and compiler caches are bounded, since
     * a host has an agent and its worker.
     */
    public static final List<String> JVM_FLAGS =
            List.of(
                    "-XX:+UseSerialGC",
                    "-Xms16m",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=25",
                    "-Xss512k",
                    "-XX:ReservedCodeCacheSize=48m",
                    "-XX:MaxMetaspaceSize=96m",
                    "-XX:+PerfDisableSharedMem",
                    "-XX:-UsePerfData",
                    // Inlined into the loops that call them, these make methods on which the
                    // second compiler spends seconds while the first steps wait for the core.
                    "-XX:CompileCommand=quiet",
                    "-XX:CompileCommand=dontinline,io.coxswain.bridge.reference.MlpCompute::*",
                    "-XX:CompileCommand=dontinline,io.coxswain.bridge.reference.RowKernels::*",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Dfile.encoding=UTF-8",
                    "-Djava.awt.headless=true");

    /**
     * The largest heap, unless the caller says otherwise. It is taken only as far as the model
     * needs it.
     */
    public static final long DEFAULT_HEAP_BYTES = 1L << 30;

    private WorkerJvm() {}

    /** The reference runtime's worker, with the default heap. */
    public static List<String> reference(Path javaHome, String classPath) {
        return command(javaHome, classPath, "reference", DEFAULT_HEAP_BYTES, List.of());
    }

    /**
     * A worker on the JVM.
     *
     * @param javaHome of a JDK 25
     * @param classPath where this module, its dependencies and the runtime are
     * @param kind the runtime's kind
     * @param heapBytes the largest heap, at least 16 MiB
     * @param moreFlags JVM flags after those of {@link #JVM_FLAGS}, such as {@code
     *     -XX:AOTCacheOutput=FILE}: a worker that is ended by Shutdown leaves the cache that later
     *     ones start from
     */
    public static List<String> command(
            Path javaHome, String classPath, String kind, long heapBytes, List<String> moreFlags) {
        return program(
                javaHome,
                classPath,
                WorkerMain.class.getName(),
                List.of(kind),
                heapBytes,
                moreFlags);
    }

    /**
     * A program in a JVM like a worker's: what works there works in a worker.
     *
     * @param mainClass on the class path
     */
    public static List<String> program(
            Path javaHome,
            String classPath,
            String mainClass,
            List<String> arguments,
            long heapBytes,
            List<String> moreFlags) {
        List<String> command = new ArrayList<>();
        command.add(javaHome.resolve("bin").resolve("java").toString());
        command.addAll(JVM_FLAGS);
        command.add("-Xmx" + Math.max(16, heapBytes >> 20) + "m");
        command.addAll(moreFlags);
        command.add("-cp");
        command.add(classPath);
        command.add(mainClass);
        command.addAll(arguments);
        return List.copyOf(command);
    }
}
