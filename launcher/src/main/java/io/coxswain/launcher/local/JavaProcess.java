package io.coxswain.launcher.local;

import io.coxswain.bridge.host.WorkerCommand;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How this launcher starts further JVMs: the same JDK, the same class path, small and quick. */
public final class JavaProcess {
    /**
     * Ignoring SIGINT is inherited, so Ctrl-C reaches the launcher alone and it ends the others in
     * order.
     */
    private static final List<String> WITHOUT_INTERRUPT =
            List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "coxswain-agent");

    private static final List<String> AGENT_FLAGS =
            List.of(
                    "-XX:+UseSerialGC",
                    "-Xms16m",
                    "-Xmx256m",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=30",
                    "-Xss512k",
                    "-XX:ReservedCodeCacheSize=48m",
                    "-XX:MaxMetaspaceSize=96m",
                    "-XX:-UsePerfData",
                    "-Xshare:auto",
                    "-Xlog:disable",
                    "-Xlog:all=error:stderr",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dfile.encoding=UTF-8",
                    "-Djava.awt.headless=true");

    private JavaProcess() {}

    /** The JDK that runs this process. */
    public static Path javaHome() {
        return Path.of(System.getProperty("java.home", ""));
    }

    /** The class path of this process. */
    public static String classPath() {
        var parts = new ArrayList<String>();
        for (String part :
                System.getProperty("java.class.path", "").split(java.io.File.pathSeparator, -1)) {
            if (!part.isEmpty()) {
                parts.add(Path.of(part).toAbsolutePath().toString());
            }
        }
        return String.join(java.io.File.pathSeparator, parts);
    }

    /**
     * Where an archive of class data for that kind of process would be: beside the code, so that it
     * goes with it.
     */
    static Path archive(String kind) {
        String code = classPath().split(java.io.File.pathSeparator, 2)[0];
        return Path.of(code).resolveSibling(kind + ".jsa");
    }

    /** The command of an agent's JVM. */
    static List<String> agent(String mainClass, List<String> arguments) {
        Path archive = archive("agent");
        var command = new ArrayList<>(WITHOUT_INTERRUPT);
        command.add(javaHome().resolve("bin").resolve("java").toString());
        command.addAll(AGENT_FLAGS);
        if (Files.isReadable(archive)) {
            command.add("-XX:SharedArchiveFile=" + archive);
        }
        command.add("-cp");
        command.add(classPath());
        command.add(mainClass);
        command.addAll(arguments);
        return List.copyOf(command);
    }

    /**
     * The command of a worker's JVM.
     *
     * @throws IllegalArgumentException for a runtime that this version does not have
     */
    public static io.coxswain.agent.worker.WorkerCommand worker(String kind, long heapBytes) {
        if (!kind.equals("reference")) {
            throw new IllegalArgumentException(
                    "this agent has no runtime of kind '" + kind + "', only 'reference'");
        }
        Path archive = archive("worker");
        return new io.coxswain.agent.worker.WorkerCommand(
                WorkerCommand.jvm(
                        javaHome(),
                        classPath(),
                        kind,
                        heapBytes,
                        Files.isReadable(archive) ? archive : null,
                        List.of()),
                Map.of());
    }
}
