package io.coxswain.launcher.local;

import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.bridge.host.WorkerJvm;
import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.CompiledPrograms;
import io.coxswain.bridge.pjrt.plugins.HostOptions;
import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.json.JsonMapper;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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
                    "-XX:TieredStopAtLevel=1",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=30",
                    "-Xss512k",
                    "-XX:ReservedCodeCacheSize=48m",
                    "-XX:MaxMetaspaceSize=96m",
                    "-XX:-UsePerfData",
                    "-Xlog:disable",
                    "-Xlog:all=error:stderr",
                    "-Xlog:cds*=off:stderr",
                    "-Xlog:aot*=off:stderr",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    // Sampling buffers for leaks costs a stack walk each; the tests do it.
                    "-Dio.netty.leakDetection.level=disabled",
                    // Nothing is ever deserialized into classes, whatever library would like to.
                    "-Djdk.serialFilter=!*",
                    "-Dfile.encoding=UTF-8",
                    "-Djava.awt.headless=true");

    /** More flags for agents, for whoever looks into them: a debugger, a recording. */
    private static final String AGENT_OPTIONS = "COXSWAIN_AGENT_JAVA_OPTS";

    /** The same for workers. */
    private static final String WORKER_OPTIONS = "COXSWAIN_WORKER_JAVA_OPTS";

    /** System property: the class path for agents and workers, where it is not this process's. */
    private static final String CLASS_PATH = "coxswain.classpath";

    /** The runtimes on the JVM that there are. */
    private static final List<String> KINDS = List.of("reference", "pjrt");

    /**
     * All the environment of a process that loads a plugin, unless the agent adds to it. XLA's
     * notes would fill the log, and hide the line that says why it died.
     */
    public static final Map<String, String> PLUGIN_ENVIRONMENT =
            Map.of("TF_CPP_MIN_LOG_LEVEL", "2");

    private JavaProcess() {}

    private static List<String> more(String variable) {
        String value = System.getenv().getOrDefault(variable, "").strip();
        return value.isEmpty() ? List.of() : List.of(value.split("\\s+"));
    }

    /** The JDK that runs this process. */
    public static Path javaHome() {
        return Path.of(System.getProperty("java.home", ""));
    }

    /**
     * The class path for further JVMs: this process's, unless a system property names another one.
     * Where this one has folders (a test, an IDE), another one of jars lets archives be used.
     */
    public static String classPath() {
        String named = System.getProperty(CLASS_PATH);
        var parts = new ArrayList<String>();
        for (String part :
                (named == null ? System.getProperty("java.class.path", "") : named)
                        .split(File.pathSeparator, -1)) {
            if (!part.isEmpty()) {
                Path path = Path.of(part).toAbsolutePath();
                parts.add((named == null ? path : path.normalize()).toString());
            }
        }
        return String.join(File.pathSeparator, parts);
    }

    /** A command for which Ctrl-C is no business: it reaches the launcher alone. */
    public static List<String> withoutInterrupt(List<String> command) {
        var whole = new ArrayList<>(WITHOUT_INTERRUPT);
        whole.addAll(command);
        return List.copyOf(whole);
    }

    /** The command of a JVM like an agent's, for a service beside it. */
    public static List<String> service(String mainClass, List<String> arguments) {
        return agent(mainClass, false, arguments);
    }

    /**
     * The command of an agent's JVM.
     *
     * @param archive whether it is to leave its archive of class data behind
     */
    public static List<String> agent(String mainClass, boolean archive, List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(javaHome().resolve("bin").resolve("java").toString());
        command.addAll(AGENT_FLAGS);
        command.add(cacheFlag());
        command.addAll(ClassArchives.flags(ClassArchives.AGENT, archive));
        command.addAll(more(AGENT_OPTIONS));
        command.add("-cp");
        command.add(classPath());
        command.add(mainClass);
        command.addAll(arguments);
        return withoutInterrupt(command);
    }

    /**
     * The command of a worker's JVM.
     *
     * @throws IllegalArgumentException for a runtime that this version does not have
     */
    public static WorkerCommand worker(String kind, WorkerSettings settings) {
        return worker(kind, settings, false);
    }

    static WorkerCommand worker(String kind, WorkerSettings settings, boolean archive) {
        if (!KINDS.contains(kind)) {
            throw new IllegalArgumentException(
                    "this agent has no runtime of kind '%s', only %s"
                            .formatted(kind, Texts.list(KINDS)));
        }
        var flags = new ArrayList<>(ClassArchives.flags(ClassArchives.WORKER, archive));
        settings.logs()
                .ifPresent(folder ->
                        flags.add("-XX:ErrorFile=" + folder.resolve("worker-crash-%p.log")));
        var environment = new HashMap<String, String>();
        if (kind.equals("pjrt")) {
            environment.putAll(PLUGIN_ENVIRONMENT);
            flags.add(cacheFlag());
            flags.addAll(CompiledPrograms.Limits.flags(System.getenv()));
            if (!settings.createOptions().isEmpty()) {
                flags.add(
                        "-D"
                                + HostOptions.PROPERTY
                                + "="
                                + JsonMapper.shared().writeValueAsString(settings.createOptions()));
            }
        }
        environment.putAll(settings.environment());
        flags.addAll(more(WORKER_OPTIONS));
        return new WorkerCommand(
                WorkerJvm.command(javaHome(), classPath(), kind, settings.heapBytes(), flags),
                environment);
    }

    /**
     * The command of a program in a JVM like that of a worker with a plugin, to be run in {@link
     * #PLUGIN_ENVIRONMENT}.
     */
    public static List<String> likeWorker(String mainClass, List<String> arguments) {
        return WorkerJvm.program(
                javaHome(),
                classPath(),
                mainClass,
                arguments,
                WorkerJvm.DEFAULT_HEAP_BYTES,
                List.of(cacheFlag()));
    }

    private static String cacheFlag() {
        return "-D" + CacheFolder.PROPERTY + "=" + CacheFolder.ofThisProcess().path();
    }
}
