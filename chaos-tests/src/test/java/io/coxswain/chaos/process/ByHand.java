package io.coxswain.chaos.process;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.TiedMain;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.local.ZooKeeperMain;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitResponse;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A cluster as somebody would run it: ZooKeeper, a coordinator and agents, each by a command of its
 * own. A script starts an agent again as a service manager would.
 */
final class ByHand implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final AtomicInteger CLUSTERS = new AtomicInteger();

    /** Final states of the small job to which nothing happened, by its steps. */
    private static final Map<Long, String> UNDISTURBED = new ConcurrentHashMap<>();

    private final Path folder;
    private final Path arenas;
    private final List<Process> processes = new ArrayList<>();
    private final Map<String, Process> byId = new HashMap<>();
    private final String zookeeper;
    private final Path coordinatorFile;
    private final Process first;
    private volatile String coordinator;

    /** Starts everything; returns when all agents are attached. */
    ByHand(Path folder, int agents) throws Exception {
        this.folder = Files.createDirectories(folder.toAbsolutePath());
        this.arenas =
                Files.createDirectories(
                        Path.of(
                                "/dev/shm/by-hand-"
                                        + ProcessHandle.current().pid()
                                        + "-"
                                        + CLUSTERS.incrementAndGet()));
        zookeeper =
                "127.0.0.1:"
                        + start(
                                "zookeeper",
                                JavaProcess.service(
                                        ZooKeeperMain.class.getName(),
                                        List.of(
                                                folder.resolve("zookeeper").toString(),
                                                "127.0.0.1:0",
                                                "1000")),
                                "^up [^:]+:(\\d+)$");
        coordinatorFile =
                Files.writeString(
                        folder.resolve("coordinator.yaml"),
                        "bind: {host: 127.0.0.1, port: 0}\nlog: coordinator.log\nsettle: 30s\n");
        coordinator =
                "127.0.0.1:"
                        + start("coordinator", coordinator("first"), "listens on [^:]+:(\\d+),");
        first = processes.getLast();
        Files.writeString(
                folder.resolve("agent.yaml"),
                """
                zookeeper: %s
                arena: {folder: %s, budget: 64MiB}
                worker: {heap: 128MiB}
                """
                        .formatted(zookeeper, arenas));
        for (int i = 0; i < agents; i++) {
            Process process =
                    new ProcessBuilder(agent("a" + i))
                            .redirectErrorStream(true)
                            .redirectOutput(folder.resolve("a" + i + ".out").toFile())
                            .start();
            processes.add(process);
            byId.put("a" + i, process);
        }
        writeStartScript();
        await(status -> status.getAgentsCount() == agents);
    }

    private static List<String> tied(String... arguments) {
        return JavaProcess.service(TiedMain.class.getName(), List.of(arguments));
    }

    private List<String> coordinator(String id) {
        return tied(
                "coordinator",
                "--config",
                coordinatorFile.toString(),
                "--set",
                "zookeeper=" + zookeeper,
                "--set",
                "id=" + id,
                "--set",
                "log=" + folder.resolve(id + ".log"));
    }

    /** Starts another coordinator, which stands by; its address. */
    String standby() throws Exception {
        return "127.0.0.1:" + start("standby", coordinator("standby"), "listens on [^:]+:(\\d+),");
    }

    /** The coordinator that was started first. */
    Process first() {
        return first;
    }

    /** The agent of that name that was started first. */
    Process agentProcess(String id) {
        return Objects.requireNonNull(byId.get(id), id);
    }

    /** Where ZooKeeper is. */
    String zookeeper() {
        return zookeeper;
    }

    /** From now on that one is asked. */
    void ask(String address) {
        coordinator = address;
    }

    private List<String> agent(String id) {
        return tied(
                "agent",
                "--config",
                folder.resolve("agent.yaml").toString(),
                "--set",
                "id=" + id,
                "--set",
                "failureDomain=hall/" + id,
                "--set",
                "log=" + folder.resolve(id + ".log"),
                "--set",
                "worker.logs=" + folder.resolve(id + "-workers"));
    }

    // The agent's standard input ends with this process, and the agent with that.
    private void writeStartScript() throws IOException {
        var words = new ArrayList<String>();
        agent("AGENT").forEach(word -> words.add("'" + word.replace("'", "'\\''") + "'"));
        String command = String.join(" ", words).replace("AGENT", "'\"$1\"'");
        Files.writeString(
                startScript(),
                """
                (tail --pid=%d -f /dev/null | (sh -c 'echo $PPID' >> %s; exec %s)) \
                >> %s 2>&1 < /dev/null &
                """
                        .formatted(
                                ProcessHandle.current().pid(),
                                folder.resolve("started.pids"),
                                command,
                                folder.resolve("started.out")));
    }

    /** A script that starts the agent of the name that is its argument. */
    Path startScript() {
        return folder.resolve("start.sh");
    }

    private String start(String name, List<String> command, String up) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve(name + ".err").toFile())
                        .start();
        processes.add(process);
        Pattern pattern = Pattern.compile(up);
        var port = new CompletableFuture<String>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                        String line;
                        while ((line = lines.readLine()) != null) {
                            Matcher matcher = pattern.matcher(line);
                            if (matcher.find()) {
                                port.complete(matcher.group(1));
                            }
                        }
                    } catch (IOException e) {
                        // It ended.
                    }
                    port.completeExceptionally(new IOException(name + " ended; logs: " + folder));
                });
        return port.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    String coordinator() {
        return coordinator;
    }

    Path folder() {
        return folder;
    }

    private AdminClient admin() throws Exception {
        return AdminClient.connect(new AdminClient.Address(coordinator, "", ""));
    }

    StatusResponse status() throws Exception {
        try (AdminClient client = admin()) {
            return client.ownStatus();
        }
    }

    JobStatus job(String id) throws Exception {
        try (AdminClient client = admin()) {
            return client.status(id).getJobs(0);
        }
    }

    AgentStatus agentStatus(String id) throws Exception {
        return status().getAgentsList().stream()
                .filter(agent -> agent.getAgentId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** Waits until the status is so: each event of the coordinator is a reason to look again. */
    void await(Predicate<StatusResponse> so) throws Exception {
        var done = new CompletableFuture<Boolean>();
        try (AdminClient client = admin()) {
            long next = client.ownStatus().getNextSequence();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            client.events(next, "", event -> look(so, event, done));
                            done.completeExceptionally(new IOException("no more events"));
                        } catch (Exception e) {
                            done.completeExceptionally(e);
                        }
                    });
            if (so.test(status())) {
                return;
            }
            try {
                done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                throw new IOException(
                        "it does not become so: " + AdminTexts.json(status()) + "; logs: " + folder,
                        e);
            }
        }
    }

    private void look(Predicate<StatusResponse> so, Event event, CompletableFuture<Boolean> done) {
        try {
            if (event.getSequence() > 0 && so.test(status())) {
                done.complete(true);
            }
        } catch (Exception e) {
            done.completeExceptionally(e);
        }
    }

    /** Submits the small job and waits until it has made ten steps. */
    void submit(String id, long steps, Map<String, String> labels) throws Exception {
        submit(id, steps, labels, Map.of(), false);
        await(status ->
                status.getJobsList().stream()
                        .anyMatch(
                                one -> one.getJobId().equals(id) && one.getCompletedStep() >= 10));
    }

    /** It waits for the job that runs. */
    void queue(String id, long steps) throws Exception {
        submit(id, steps, Map.of(), Map.of(), true);
    }

    /**
     * The final state of the small job when nothing happens: from a run as quick as it goes, once
     * for all clusters, since it does not depend on how long steps take.
     */
    String undisturbed(long steps) throws Exception {
        String known = UNDISTURBED.get(steps);
        if (known != null) {
            return known;
        }
        submit("undisturbed", steps, Map.of(), Map.of("runtime.minStepMillis", "0"), false);
        JobReport report = awaitReport("undisturbed");
        if (!report.completed()) {
            throw new IOException("the undisturbed job does not complete; logs: " + folder);
        }
        UNDISTURBED.put(steps, report.finalDigest());
        return report.finalDigest();
    }

    private void submit(
            String id,
            long steps,
            Map<String, String> labels,
            Map<String, String> more,
            boolean queue)
            throws Exception {
        var sets = new LinkedHashMap<String, String>();
        sets.put("steps", Long.toString(steps));
        labels.forEach((key, value) -> sets.put("labels." + key, value));
        sets.putAll(more);
        JobFile job = JobFile.read(home().resolve("chaos-tests/jobs/small.yaml"), sets);
        try (AdminClient client = admin()) {
            SubmitResponse answer = client.submit(job.spec(id), queue);
            if (!answer.getAccepted()) {
                throw new IOException(answer.getReason());
            }
        }
    }

    JobReport awaitReport(String id) throws Exception {
        await(status ->
                status.getJobsList().stream()
                        .anyMatch(one ->
                                one.getJobId().equals(id) && AdminTexts.ended(one.getPhase())));
        return JobReport.fromJson(job(id).getReportJson());
    }

    void cancel(String id) throws Exception {
        try (AdminClient client = admin()) {
            client.cancel(id);
        }
        awaitReport(id);
    }

    /** The repository: a property of the build, or above this module. */
    static Path home() {
        return Path.of(System.getProperty("coxswain.home", "..")).toAbsolutePath().normalize();
    }

    @Override
    public void close() throws IOException {
        Path started = folder.resolve("started.pids");
        if (Files.exists(started)) {
            for (String pid : Files.readAllLines(started)) {
                ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ByHand::end);
            }
        }
        for (Process process : processes.reversed()) {
            end(process.toHandle());
        }
        RunFolder.delete(arenas);
    }

    private static void end(ProcessHandle process) {
        List<ProcessHandle> family = process.descendants().toList();
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
        process.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    }
}
