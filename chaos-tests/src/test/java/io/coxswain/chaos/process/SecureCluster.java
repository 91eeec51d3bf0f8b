package io.coxswain.chaos.process;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.TiedMain;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.RunFolder;
import io.coxswain.launcher.local.ZooKeeperMain;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.CancelResponse;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitResponse;
import io.coxswain.security.Identity;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;
import io.coxswain.security.authority.CertificateAuthority;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A cluster as somebody would run it who lets nobody in: each plane with certificates of one
 * authority, an ensemble of ZooKeeper over TLS and with passwords, pages over HTTPS with a token.
 * Secrets are planted where people put them.
 */
final class SecureCluster implements AutoCloseable {
    static final String TOKEN = "http-token-PLANTED-5c1d9e";
    static final String ENVIRONMENT_SECRET = "environment-PLANTED-77b2aa";
    static final String LABEL_SECRET = "label-PLANTED-0f3e61";
    static final Map<String, String> ZOOKEEPER_USERS =
            Map.of(
                    ZooKeeperAccess.COORDINATOR, "zk-coordinator-PLANTED-9a41",
                    ZooKeeperAccess.AGENT, "zk-agent-PLANTED-e7d0",
                    ZooKeeperAccess.CLIENT, "zk-client-PLANTED-31cc");

    private static final int ZOOKEEPERS = 3;
    private static final long LIMIT_SECONDS = 60;
    private static final int ATTEMPTS = 5;
    private static final Duration LIFE = Duration.ofDays(7);
    private static final List<String> HOSTS = List.of("127.0.0.1", "localhost");

    private final Path folder;
    private final Path arenas;
    private final Path authority;
    private final Map<String, Process> processes = new LinkedHashMap<>();
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private final Map<String, String> pages = new LinkedHashMap<>();
    private int issued;
    private @Nullable AdminClient asking;
    private volatile String coordinator;

    /** Starts everything; returns when all agents are attached to coordinator {@code c1}. */
    SecureCluster(Path folder, int agents) throws Exception {
        this.folder = Files.createDirectories(folder.toAbsolutePath());
        this.arenas =
                Files.createDirectories(
                        Path.of("/dev/shm/secure-" + ProcessHandle.current().pid()));
        this.authority = folder.resolve("authority");
        CertificateAuthority.create(authority, "test", LIFE, InstantSource.system());
        coordinator = "";
        boolean up = false;
        try {
            begin(agents);
            up = true;
        } finally {
            if (!up) {
                close();
            }
        }
    }

    private void begin(int agents) throws Exception {
        Path zk = issue(Role.VIEWER, "zookeeper", "zookeeper-tls");
        Files.writeString(
                zk.resolve("zookeeper.pem"),
                Files.readString(zk.resolve("key.pem")) + Files.readString(zk.resolve("cert.pem")));
        List<String> servers = servers();
        for (int i = 1; i <= ZOOKEEPERS; i++) {
            var arguments =
                    new ArrayList<>(
                            List.of(
                                    "tls=" + zk,
                                    // An election must not wait for a disk.
                                    arenas.resolve(zookeeper(i)).toString(),
                                    "127.0.0.1:0",
                                    "1000",
                                    Integer.toString(i)));
            arguments.addAll(servers);
            start(
                    zookeeper(i),
                    JavaProcess.service(ZooKeeperMain.class.getName(), arguments),
                    "^up [^:]+:(\\d+)$");
        }
        users(
                "coordinator.users",
                ZooKeeperAccess.COORDINATOR,
                ZooKeeperAccess.AGENT,
                ZooKeeperAccess.CLIENT);
        users("agent.users", ZooKeeperAccess.AGENT);
        Files.writeString(folder.resolve("http.token"), TOKEN + "\n");
        coordinator("c1");
        coordinator = address("c1");
        for (int i = 0; i < agents; i++) {
            agent("a" + i);
        }
        await(status -> status.getAgentsCount() == agents);
    }

    // Where the servers speak to each other; nobody else takes these ports meanwhile.
    private static List<String> servers() throws IOException {
        var taken = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < 2 * ZOOKEEPERS; i++) {
                taken.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            var servers = new ArrayList<String>();
            for (int i = 0; i < ZOOKEEPERS; i++) {
                servers.add(
                        "127.0.0.1:"
                                + taken.get(2 * i).getLocalPort()
                                + ":"
                                + taken.get(2 * i + 1).getLocalPort());
            }
            return servers;
        } finally {
            for (ServerSocket one : taken) {
                one.close();
            }
        }
    }

    /** The name of one of the ensemble's servers, from 1. */
    static String zookeeper(int number) {
        return "zookeeper-" + number;
    }

    /** Where clients find the ensemble. */
    String zookeepers() {
        return IntStream.rangeClosed(1, ZOOKEEPERS)
                .mapToObj(number -> address(zookeeper(number)))
                .collect(Collectors.joining(","));
    }

    private void users(String name, String... users) throws IOException {
        var lines = new ArrayList<String>();
        for (String user : users) {
            lines.add(user + ":" + ZOOKEEPER_USERS.get(user));
        }
        Files.write(folder.resolve(name), lines);
    }

    // ---------------------------------------------------------------- certificates

    /** A new folder with a certificate of the cluster's authority. */
    Path issue(Role role, String name, String into) throws IOException {
        return issue(authority, role, name, into, InstantSource.system(), LIFE);
    }

    /** The same of any authority, at any time. */
    Path issue(Path by, Role role, String name, String into, InstantSource clock, Duration life)
            throws IOException {
        Path made = folder.resolve(into);
        CertificateAuthority.open(by, clock).issue(new Identity(role, name), HOSTS, life, made);
        return made;
    }

    Path authority() {
        return authority;
    }

    /** The folder that a process was started with. */
    Path certificates(String name) {
        return folder.resolve(name + "-tls");
    }

    /** Puts another certificate of the same holder into its folder, while it runs. */
    void rotate(Role role, String name) throws IOException {
        Path fresh = issue(role, name, "fresh-" + ++issued);
        for (String file : List.of(TlsFiles.KEY, TlsFiles.CERTIFICATE)) {
            Files.move(
                    fresh.resolve(file),
                    certificates(name).resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Says to everybody whose certificates count no more. */
    void revoke(String lines) throws IOException {
        for (String name : processes.keySet()) {
            Path there = certificates(name);
            if (Files.isDirectory(there)) {
                Path fresh = Files.writeString(there.resolve("revoked.new"), lines);
                Files.move(
                        fresh,
                        there.resolve(TlsFiles.REVOKED),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    // ---------------------------------------------------------------- processes

    private static List<String> tied(String... arguments) {
        return JavaProcess.service(TiedMain.class.getName(), List.of(arguments));
    }

    /** ZooKeeper's options over TLS, with the certificate of a folder. */
    Map<String, String> zookeeperOptions(Path tls) throws IOException {
        Path own =
                Files.writeString(
                        tls.resolve("zookeeper.pem"),
                        Files.readString(tls.resolve("key.pem"))
                                + Files.readString(tls.resolve("cert.pem")));
        return Map.of(
                "zookeeper.client.secure", "true",
                "zookeeper.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty",
                "zookeeper.ssl.keyStore.location", own.toString(),
                "zookeeper.ssl.keyStore.type", "PEM",
                "zookeeper.ssl.trustStore.location", tls.resolve("ca.pem").toString(),
                "zookeeper.ssl.trustStore.type", "PEM");
    }

    private String common(String name, Path tls, String users) throws IOException {
        var options = new StringBuilder();
        zookeeperOptions(tls)
                .forEach((key, value) ->
                        options.append("  ")
                                .append(key)
                                .append(": \"")
                                .append(value)
                                .append("\"\n"));
        return """
        id: %s
        zookeeper: %s
        zookeeperAuthFile: %s
        zookeeperOptions:
        %s
        bind: {host: 127.0.0.1, port: 0}
        log: %s.log
        tls: {folder: %s}
        http: {host: 0.0.0.0, port: 0, tokenFile: http.token}
        """
                .formatted(name, zookeepers(), users, options.toString(), name, tls);
    }

    /** Starts a coordinator; the second one stands by. */
    void coordinator(String name) throws Exception {
        Path tls = issue(Role.COORDINATOR, name, name + "-tls");
        Path file =
                Files.writeString(
                        folder.resolve(name + ".yaml"),
                        common(name, tls, "coordinator.users")
                                + "settle: 30s\njournal: "
                                + name
                                + ".events\n");
        start(name, tied("coordinator", "--config", file.toString()), "listens on [^:]+:(\\d+),");
    }

    private void agent(String name) throws Exception {
        Path tls = issue(Role.AGENT, name, name + "-tls");
        Path file =
                Files.writeString(
                        folder.resolve(name + ".yaml"),
                        common(name, tls, "agent.users")
                                + """
                                failureDomain: hall/%s
                                arena: {folder: %s, budget: 64MiB}
                                worker:
                                  heap: 128MiB
                                  logs: %s-workers
                                  env: {API_TOKEN: "%s"}
                                """
                                        .formatted(name, arenas, name, ENVIRONMENT_SECRET));
        start(name, tied("agent", "--config", file.toString()), "reached as [^:]+:(\\d+),");
    }

    private void start(String name, List<String> command, String up) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve(name + ".err").toFile())
                        .start();
        processes.put(name, process);
        Pattern pattern = Pattern.compile(up);
        Pattern page = Pattern.compile("HTTP at (https?://\\S+)");
        var port = new CompletableFuture<Integer>();
        boolean paged = !name.startsWith("zookeeper");
        var url = new CompletableFuture<String>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                        String line;
                        while ((line = lines.readLine()) != null) {
                            Files.writeString(
                                    folder.resolve(name + ".out"),
                                    line + "\n",
                                    java.nio.file.StandardOpenOption.CREATE,
                                    java.nio.file.StandardOpenOption.APPEND);
                            Matcher matcher = pattern.matcher(line);
                            if (matcher.find()) {
                                port.complete(Integer.parseInt(matcher.group(1)));
                            }
                            Matcher there = page.matcher(line);
                            if (there.find()) {
                                url.complete(there.group(1));
                            }
                        }
                    } catch (IOException e) {
                        // It ended.
                    }
                    port.completeExceptionally(
                            new IOException(name + " ended; its output is in " + folder));
                    url.completeExceptionally(new IOException(name + " has no page"));
                });
        ports.put(name, port.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        if (paged) {
            pages.put(name, url.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
    }

    Process process(String name) {
        Process found = processes.get(name);
        if (found == null) {
            throw new IllegalArgumentException("nothing is called " + name);
        }
        return found;
    }

    /** SIGKILL of a host: agent and workers, and the memory that dies with it. */
    void killHost(String agent) throws IOException {
        ProcessHandle host = process(agent).toHandle();
        String incarnationFolder = agent + "-";
        end(host);
        try (Stream<Path> there = Files.list(arenas)) {
            for (Path one : there.toList()) {
                if (one.getFileName().toString().contains(incarnationFolder)) {
                    RunFolder.delete(one);
                }
            }
        }
    }

    /** SIGKILL of a server of the ensemble. */
    void loseZooKeeper(int number) {
        end(process(zookeeper(number)).toHandle());
    }

    int port(String name) {
        Integer port = ports.get(name);
        if (port == null) {
            throw new IllegalArgumentException("nothing is called " + name);
        }
        return port;
    }

    String address(String name) {
        return "127.0.0.1:" + port(name);
    }

    /** Where the HTTP port of a process is, as it says. */
    String page(String name) {
        String page = pages.get(name);
        if (page == null) {
            throw new IllegalArgumentException(name + " has no page");
        }
        return page;
    }

    /** From now on that one is asked. */
    synchronized void ask(String name) {
        coordinator = address(name);
        AdminClient former = asking;
        asking = null;
        if (former != null) {
            former.close();
        }
    }

    Path folder() {
        return folder;
    }

    /** Command lines of all processes that run, and of those that they started. */
    List<String> commandLines() throws IOException {
        var all = new ArrayList<String>();
        for (Process process : processes.values()) {
            var family = new ArrayList<ProcessHandle>();
            family.add(process.toHandle());
            process.descendants().forEach(family::add);
            for (ProcessHandle one : family) {
                Path file = Path.of("/proc/" + one.pid() + "/cmdline");
                if (one.isAlive() && Files.exists(file)) {
                    all.add(Files.readString(file, StandardCharsets.ISO_8859_1).replace('\0', ' '));
                }
            }
        }
        return all;
    }

    // ---------------------------------------------------------------- what an operator does

    /** As somebody with the certificate in that folder. */
    AdminClient admin(Path tls) throws Exception {
        return AdminClient.connect(
                new AdminClient.Address(
                        coordinator,
                        "",
                        "",
                        WireSecurity.tls(TlsFiles.in(tls)),
                        ZooKeeperAccess.OPEN));
    }

    private AdminClient admin() throws Exception {
        Path tls = folder.resolve("operator-tls");
        if (!Files.exists(tls)) {
            issue(Role.OPERATOR, "ann", "operator-tls");
        }
        return admin(tls);
    }

    StatusResponse status() throws Exception {
        return status("");
    }

    // One connection for all of it; on a machine that is very busy it takes several attempts.
    private synchronized StatusResponse status(String id) throws Exception {
        for (int attempt = 1; ; attempt++) {
            AdminClient client = asking;
            if (client == null) {
                client = admin();
                asking = client;
            }
            try {
                return client.status(id);
            } catch (EnvironmentException slow) {
                asking = null;
                client.close();
                if (attempt == ATTEMPTS) {
                    throw slow;
                }
            }
        }
    }

    JobStatus job(String id) throws Exception {
        return status(id).getJobs(0);
    }

    /** The agents that have a rank now. */
    List<String> ranked() throws Exception {
        return status().getAgentsList().stream()
                .filter(agent -> agent.getState().equals("ranked"))
                .map(AgentStatus::getAgentId)
                .sorted()
                .toList();
    }

    /** Waits until the status is so: an event of the coordinator is a reason to look again. */
    void await(Predicate<StatusResponse> so) throws Exception {
        var looks = new Semaphore(0);
        try (AdminClient client = admin()) {
            long next = status().getNextSequence();
            Thread.ofPlatform()
                    .daemon()
                    .start(() -> {
                        try {
                            client.events(next, "", _ -> looks.release());
                        } catch (EnvironmentException ended) {
                            looks.release();
                        }
                    });
            while (!so.test(status())) {
                if (!looks.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException(
                            "it does not become so: "
                                    + AdminTexts.json(status())
                                    + "; logs: "
                                    + folder);
                }
                looks.drainPermits();
            }
        }
    }

    void submit(String id, Map<String, String> sets) throws Exception {
        JobFile job = JobFile.read(ByHand.home().resolve("chaos-tests/jobs/small.yaml"), sets);
        JobSpec spec = job.spec(id);
        SubmitResponse answer = say(client -> client.submit(spec, false));
        if (!answer.getAccepted()) {
            throw new IOException(answer.getReason());
        }
    }

    private interface Ask<T> {
        T of(AdminClient client) throws EnvironmentException;
    }

    // Idempotent, so that it may be said again where a busy machine was slow.
    private <T> T say(Ask<T> word) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try (AdminClient client = admin()) {
                return word.of(client);
            } catch (EnvironmentException slow) {
                if (attempt == ATTEMPTS) {
                    throw slow;
                }
            }
        }
    }

    void awaitStep(String id, long step) throws Exception {
        await(status ->
                status.getJobsList().stream()
                        .anyMatch(one ->
                                one.getJobId().equals(id) && one.getCompletedStep() >= step));
    }

    void cancel(String id) throws Exception {
        CancelResponse answer = say(client -> client.cancel(id));
        if (!answer.getCancelled()) {
            throw new IOException(answer.getReason());
        }
        awaitReport(id);
    }

    JobReport awaitReport(String id) throws Exception {
        await(status ->
                status.getJobsList().stream()
                        .anyMatch(one ->
                                one.getJobId().equals(id) && AdminTexts.ended(one.getPhase())));
        return JobReport.fromJson(job(id).getReportJson());
    }

    @Override
    public synchronized void close() throws IOException {
        AdminClient client = asking;
        if (client != null) {
            client.close();
        }
        for (Process process : new ArrayList<>(processes.values()).reversed()) {
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
