package io.coxswain.launcher.service;

import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;
import io.coxswain.launcher.local.WorkerSettings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An agent's file as read; {@code examples/cluster/agent.yaml} documents each field.
 *
 * @param arenas folder for shared memory
 * @param arenaBudgetBytes shared memory that the agent may take
 * @param keepArena whether the arena outlives an orderly end
 * @param workers what its workers get
 * @param workerSilence a worker without a sign of life for this long is killed
 * @param workerOutput how much of what workers print is kept
 * @param copyBytesPerSecond limit of the bytes of copies sent; 0: none
 * @param workerLogs folder of the workers' output
 * @param preemptionDeadline how long after SIGTERM it ends at the latest, drained or not; 0: at
 *     once
 */
record AgentFile(
        CommonOptions common,
        String failureDomain,
        Path arenas,
        long arenaBudgetBytes,
        boolean keepArena,
        WorkerSettings workers,
        Duration workerSilence,
        OutputLimits workerOutput,
        long copyBytesPerSecond,
        int devices,
        Map<String, String> labels,
        Path workerLogs,
        Duration preemptionDeadline) {
    private static final Pattern DOMAIN =
            Pattern.compile("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+){0,15}");

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /**
     * Reads and checks the file.
     *
     * @throws ConfigException with every complaint, each with its place
     */
    static AgentFile read(Path file, Map<String, String> sets) throws ConfigException {
        ConfigSection root = ConfigFile.read(file, sets);
        Path parent = file.toAbsolutePath().getParent();
        Path folder = parent == null ? Path.of("") : parent;
        CommonOptions common = CommonOptions.read(root, "agent", folder, 0);
        String domain =
                root.text(
                        "failureDomain",
                        common.id(),
                        DOMAIN,
                        "1 to 16 parts joined by '/', widest first, such as pod0/rack7/host31");
        ConfigSection arena = root.section("arena");
        Path arenas = folder.resolve(arena.text("folder", "/dev/shm"));
        if (!Files.isDirectory(arenas) || !Files.isWritable(arenas)) {
            arena.complain(
                    "folder",
                    arenas + " is no folder that can be written to; expected one on tmpfs");
        }
        long budget = arena.size("budget", 1L << 30, 1L << 20, 1L << 50);
        boolean keep = arena.flag("keep", false);
        ConfigSection worker = root.section("worker");
        long heap = worker.size("heap", 1L << 30, 16L << 20, 1L << 44);
        Duration silence =
                worker.duration(
                        "silence",
                        Duration.ofSeconds(2),
                        Duration.ofMillis(600),
                        Duration.ofMinutes(10));
        Map<String, String> environment = environment(worker.section("env"));
        Map<String, Object> createOptions = worker.values("createOptions");
        boolean programs = worker.flag("programs", false);
        Path logs = folder.resolve(worker.text("logs", common.id() + "-workers"));
        OutputLimits output =
                OutputLimits.of(
                        worker.size("logSize", OutputLimits.DEFAULT.fileBytes(), 1 << 20, 1L << 40),
                        worker.size(
                                "logRate",
                                OutputLimits.DEFAULT.bytesPerSecond(),
                                16 << 10,
                                1L << 30));
        long rate = root.size("copyRate", 0, 0, 1L << 50);
        int devices = (int) root.whole("devices", 1, 0, 1_024);
        Map<String, String> labels = root.texts("labels");
        Duration preemption =
                root.duration(
                        "preemptionDeadline",
                        Duration.ofSeconds(30),
                        Duration.ZERO,
                        Duration.ofHours(1));
        root.finish();
        return new AgentFile(
                common,
                domain,
                arenas,
                budget,
                keep,
                new WorkerSettings(heap, Optional.of(logs), environment, createOptions, programs),
                silence,
                output,
                rate,
                devices,
                labels,
                logs,
                preemption);
    }

    private static Map<String, String> environment(ConfigSection section) {
        var environment = new LinkedHashMap<String, String>();
        for (String name : section.names()) {
            if (!VARIABLE.matcher(name).matches()) {
                section.complain(name, "expected a variable's name, such as NPROC");
            }
            environment.put(name, section.text(name, ""));
        }
        return environment;
    }
}
