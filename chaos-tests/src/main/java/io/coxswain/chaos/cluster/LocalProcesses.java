package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.chaos.nemesis.Stage;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.words.DisturbedAgentMain;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.local.AgentMain;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.local.MemoryPlan;
import io.coxswain.launcher.local.RunFolder;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The processes of a one-machine cluster: ZooKeeper, a coordinator, agents and their workers, and
 * the proxies between them. None of them outlives this process, whatever ends it. Thread-safe.
 */
final class LocalProcesses implements Stage, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalProcesses.class);
    static final String CHROOT = "/coxswain";
    private static final String DIRECT = "127.0.0.1";
    private static final long AGENT_SECONDS = 60;
    private static final long END_MILLIS = 4_000;

    /** In the names of memory folders: sockets lie there, whose paths must be short. */
    private static final AtomicInteger CLUSTERS = new AtomicInteger();

    private final ClusterSpec spec;
    private final List<String> ids;
    private final List<String> domains;
    private final Path arenas;
    private final Consumer<Happening> happened;
    private final Runnable coordinatorUp;
    private final Network network;
    final ZooKeeperServers zookeepers;
    private final LocalFaults faults;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    // Guarded by this.
    private final List<AgentProcess> agents = new ArrayList<>();
    private final Holds holds = new Holds();
    private final Map<String, AutoCloseable> proxies = new HashMap<>();
    private final List<ServiceProcess> formers = new ArrayList<>();
    private volatile @Nullable Namespaces namespaces;
    private @Nullable ServiceProcess coordinator;
    private int coordinatorPort;
    private final Map<String, Standby> standbys = new LinkedHashMap<>();
    private String leader = Victim.COORDINATOR;
    private int coordinators;

    /**
     * @param coordinatorUp told whenever a coordinator has started
     */
    LocalProcesses(ClusterSpec spec, Consumer<Happening> happened, Runnable coordinatorUp) {
        this.spec = spec;
        this.ids = spec.agentIds();
        this.domains = spec.domains();
        this.arenas =
                spec.arenas()
                        .resolve(
                                "chaos-"
                                        + ProcessHandle.current().pid()
                                        + "-"
                                        + CLUSTERS.incrementAndGet());
        this.happened = happened;
        this.coordinatorUp = coordinatorUp;
        this.network = new Network(this::pids);
        this.zookeepers = new ZooKeeperServers(spec, arenas.resolve("zookeeper"), this::watch);
        this.faults = new LocalFaults(this, network);
    }

    /** Starts everything; returns when all agents are up, not yet attached. */
    void start() throws IOException {
        synchronized (this) {
            requireOpen();
            if (spec.namespaces()) {
                namespaces = Namespaces.make(ids);
            }
            Files.createDirectories(arenas);
            Files.createDirectories(spec.folder());
            writeCoordinatorFile();
            for (int i = 0; i < ids.size(); i++) {
                agents.add(startAgent(i));
            }
        }
        zookeepers.start(services());
        for (String server : zookeepers.parties()) {
            proxy(Plane.ZOOKEEPER, server, zookeepers.port(server));
        }
        var _ = startCoordinator();
        for (int i = 1; i <= spec.standbys(); i++) {
            startStandby(i);
        }
        for (int i = 0; i < ids.size(); i++) {
            connect(i);
        }
    }

    // Whoever closes takes the lock after it has said so: what is there by then is ended, and
    // nothing comes after.
    private void requireOpen() throws IOException {
        if (closing.get()) {
            throw new IOException("it was closed while it was starting");
        }
    }

    private void writeCoordinatorFile() throws IOException {
        long session = spec.session().toMillis();
        Files.writeString(
                spec.folder().resolve("coordinator.yaml"),
                """
                chroot: %s
                sessionTimeout: %dms
                bind: {host: %s, port: 0}
                advertise: {host: %s}
                plaintext: %s
                settle: 30s
                eventBuffer: 65536
                log: coordinator.log
                """
                        .formatted(
                                CHROOT,
                                session,
                                services(),
                                host(Plane.CONTROL),
                                // Between namespaces of this machine.
                                spec.namespaces()));
    }

    private String host(Plane plane) {
        return spec.proxied().contains(plane) ? Network.HOST : services();
    }

    /** Where coordinator and ZooKeeper listen. */
    private String services() {
        Namespaces own = namespaces;
        return own == null ? DIRECT : own.serviceHost();
    }

    /** The cluster's own network; null where it has none. */
    @Nullable Namespaces namespaces() {
        return namespaces;
    }

    /** The port of the coordinator or of a ZooKeeper server. */
    int servicePort(String party) {
        if (zookeepers.parties().contains(party)) {
            return zookeepers.port(party);
        }
        synchronized (this) {
            return coordinatorPort;
        }
    }

    private String agentMain() {
        return (spec.proxied().contains(Plane.CONTROL) ? DisturbedAgentMain.class : AgentMain.class)
                .getName();
    }

    // Without waiting for it to be up.
    private AgentProcess startAgent(int index) throws IOException {
        requireOpen();
        String id = ids.get(index);
        Namespaces own = namespaces;
        List<String> command = new ArrayList<>(own == null ? List.of() : own.enter(index));
        List<String> options =
                new ArrayList<>(
                        List.of(
                                "id=" + id,
                                "domain=" + domains.get(index),
                                "arena=" + arenas,
                                "arena-bytes="
                                        + MemoryPlan.of(spec.job(), spec.agents()).agentBudget(),
                                "session-millis=" + spec.session().toMillis(),
                                "bind-host=" + (own == null ? DIRECT : own.host(index)),
                                "advertised-host="
                                        + (own == null ? host(Plane.DATA) : own.host(index)),
                                "logs=" + spec.folder().resolve(id + "-workers")));
        if (own != null) {
            options.add("plaintext=yes");
        }
        command.addAll(JavaProcess.agent(agentMain(), false, options));
        AgentProcess agent =
                AgentProcess.start(
                        index,
                        id,
                        command,
                        spec.folder().resolve(id + ".log"),
                        arenas,
                        at -> {
                            reached(index, at);
                            happened.accept(new Happening.Reached(index, at.step(), at.phase()));
                        });
        // Who comes back is held where the one that died was to be held.
        holds.of(index).forEach(hold -> agent.hold(hold.step(), hold.phase()));
        var _ =
                agent.exited()
                        .thenAccept(status -> {
                            if (!closing.get() && !agent.excused()) {
                                happened.accept(new Happening.Ended(id, status));
                            }
                        });
        return agent;
    }

    private void connect(int index) throws IOException {
        AgentProcess agent;
        synchronized (this) {
            agent = agents.get(index);
        }
        agent.connect(zookeeperUrl() + CHROOT);
        try {
            agent.started().get(AGENT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IOException(String.valueOf((cause == null ? e : cause).getMessage()), e);
        } catch (TimeoutException e) {
            throw new IOException(
                    agent.agentId()
                            + " was not up within "
                            + AGENT_SECONDS
                            + " s; its log is "
                            + agent.log(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + agent.agentId() + " was starting", e);
        }
        proxy(Plane.DATA, agent.agentId(), agent.dataPort());
    }

    private synchronized void proxy(Plane plane, String party, int port) throws IOException {
        if (!spec.proxied().contains(plane) || closing.get()) {
            return;
        }
        AutoCloseable before = proxies.put(party, network.open(plane, party, port));
        if (before != null) {
            try {
                before.close();
            } catch (Exception e) {
                LOG.warn("the former proxy of {} does not close", party, e);
            }
        }
    }

    /** Lets the coordinator stand still and starts another beside it. */
    FaultPort.Cure usurp() throws IOException {
        ServiceProcess former = service(coordinator());
        var usurpation = new Usurpation(former, zookeeperAddress() + CHROOT, complaints::add);
        synchronized (this) {
            formers.add(former);
        }
        ServiceProcess other = standby();
        usurpation.by(other == null ? startCoordinator() : other);
        return usurpation;
    }

    /** What was seen that must not be, in words. */
    List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** One that stands by: a process with a port and a proxy of its own. */
    private record Standby(ServiceProcess process, int port) {}

    private void startStandby(int number) throws IOException {
        String party = Victim.COORDINATOR + "-standby-" + number;
        ServiceProcess started;
        synchronized (this) {
            requireOpen();
            started = CoordinatorProcess.start(spec, zookeeperUrl(), party, party, party);
        }
        watch(party, started);
        int port = started.awaitUp();
        proxy(Plane.CONTROL, party, port);
        synchronized (this) {
            standbys.put(party, new Standby(started, port));
        }
        started.whenSaid(CoordinatorProcess.LEADS, () -> leads(party));
    }

    private void leads(String party) {
        synchronized (this) {
            leader = party;
        }
        coordinatorUp.run();
    }

    // One that lives and does not lead; null: there is none.
    private synchronized @Nullable ServiceProcess standby() {
        return standbys.entrySet().stream()
                .filter(one -> !one.getKey().equals(leader) && one.getValue().process().alive())
                .map(one -> one.getValue().process())
                .findFirst()
                .orElse(null);
    }

    private String zookeeperUrl() {
        return zookeepers.connectString(host(Plane.ZOOKEEPER));
    }

    /** A client of whoever leads now. */
    AdminClient leader() throws EnvironmentException {
        Credentials credentials = spec.namespaces() ? Credentials.plaintext() : Credentials.none();
        return AdminClient.connect(credentials.at(coordinatorAddress()));
    }

    /** The leader as commands find it. */
    AdminClient.Address leaderByZooKeeper() {
        return new AdminClient.Address(null, zookeeperAddress(), CHROOT);
    }

    private ServiceProcess startCoordinator() throws IOException {
        ServiceProcess started;
        synchronized (this) {
            requireOpen();
            coordinators++;
            // One beside another must not write into the same files.
            String files = coordinators == 1 ? "coordinator" : "coordinator-" + coordinators;
            started =
                    CoordinatorProcess.start(
                            spec,
                            zookeeperUrl(),
                            Victim.COORDINATOR,
                            "coordinator-" + coordinators,
                            files);
            coordinator = started;
        }
        watch(Victim.COORDINATOR, started);
        int port = started.awaitUp();
        proxy(Plane.CONTROL, Victim.COORDINATOR, port);
        boolean alone;
        synchronized (this) {
            coordinatorPort = port;
            alone = standbys.isEmpty();
        }
        if (alone) {
            coordinatorUp.run();
        } else {
            started.whenSaid(CoordinatorProcess.LEADS, () -> leads(Victim.COORDINATOR));
        }
        return started;
    }

    private void watch(String party, ServiceProcess service) {
        var _ =
                service.exited()
                        .thenAccept(status -> {
                            if (!closing.get() && !service.killed()) {
                                happened.accept(new Happening.Ended(party, status));
                            }
                        });
    }

    /** Starts again what is dead, under its old name. */
    void startAgain(String party) throws IOException {
        if (closing.get()) {
            return;
        }
        if (isService(party)) {
            if (alive(party)) {
                return;
            }
            if (party.equals(Victim.COORDINATOR)) {
                var _ = startCoordinator();
            } else if (isCoordinator(party)) {
                LOG.info("{} stays as it is", party);
            } else {
                zookeepers.startAgain(party);
            }
            return;
        }
        int index = ids.indexOf(party);
        AgentProcess dying = agent(party);
        if (dying.alive() && !dying.killed()) {
            return;
        }
        synchronized (this) {
            agents.get(index).awaitHostDead();
            agents.set(index, startAgent(index));
        }
        connect(index);
    }

    /** The processes of all parties that live. */
    synchronized Map<String, Long> pids() {
        var pids = new LinkedHashMap<String, Long>();
        for (AgentProcess agent : agents) {
            if (agent.alive()) {
                pids.put(agent.agentId(), agent.pid());
            }
        }
        if (coordinator != null && coordinator.alive()) {
            pids.put(Victim.COORDINATOR, coordinator.pid());
        }
        standbys.forEach((party, standby) -> {
            if (standby.process().alive()) {
                pids.put(party, standby.process().pid());
            }
        });
        pids.putAll(zookeepers.pids());
        return pids;
    }

    synchronized AgentProcess agent(String id) {
        int index = ids.indexOf(id);
        if (index < 0) {
            throw new IllegalArgumentException("there is no agent " + id);
        }
        return agents.get(index);
    }

    /** Whether the party is one process, and no agent. */
    boolean isService(String party) {
        return isCoordinator(party) || zookeepers.parties().contains(party);
    }

    private static boolean isCoordinator(String party) {
        return party.startsWith(Victim.COORDINATOR);
    }

    @Override
    public synchronized String coordinator() {
        return leader;
    }

    ServiceProcess service(String party) {
        if (!isCoordinator(party)) {
            return zookeepers.server(party);
        }
        synchronized (this) {
            Standby standby = standbys.get(party);
            if (standby != null) {
                return standby.process();
            }
            if (coordinator == null) {
                throw new IllegalStateException(party + " was not started");
            }
            return coordinator;
        }
    }

    /** Where the coordinator is reached without a proxy. */
    synchronized String coordinatorAddress() {
        Standby leads = standbys.get(leader);
        return services() + ":" + (leads == null ? coordinatorPort : leads.port());
    }

    /** ZooKeeper without a proxy. */
    String zookeeperAddress() {
        return zookeepers.connectString(services());
    }

    /** The folder with everybody's shared memory. */
    Path arenas() {
        return arenas;
    }

    @Override
    public List<String> agents() {
        return ids;
    }

    @Override
    public List<String> domains() {
        return domains;
    }

    @Override
    public List<String> zookeepers() {
        return zookeepers.parties();
    }

    @Override
    public Optional<String> zookeeperLeader() {
        return zookeepers.leader();
    }

    @Override
    public boolean alive(String party) {
        // Who was killed is as good as dead, though the kernel may need a while.
        return pids().containsKey(party) && (isService(party) || !agent(party).killed());
    }

    private synchronized void reached(int agent, AgentProcess.Reached at) {
        holds.reached(agent, at);
    }

    @Override
    public synchronized void hold(int agent, long step, String phase) {
        holds.add(agent, step, phase);
        agents.get(agent).hold(step, phase);
    }

    @Override
    public void release(int agent) {
        agent(ids.get(agent)).release();
    }

    @Override
    public FaultPort faults() {
        return faults;
    }

    /**
     * Ends every process and removes what they left but their logs. Safe to repeat, and from
     * several threads: each returns when all is done. What stands still is to be woken before.
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            // Whoever ends this process must not end it under the hands of who closes already.
            awaitClosed();
            return;
        }
        try {
            endAll();
        } finally {
            closed.countDown();
        }
    }

    private void awaitClosed() {
        try {
            if (!closed.await(AGENT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the cluster does not close within {} s", AGENT_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void endAll() {
        List<AgentProcess> all;
        List<ServiceProcess> leaders;
        synchronized (this) {
            all = List.copyOf(agents);
            leaders = new ArrayList<>(formers);
            standbys.values().forEach(standby -> leaders.add(standby.process()));
            if (coordinator != null) {
                leaders.add(coordinator);
            }
        }
        all.forEach(AgentProcess::askToEnd);
        leaders.forEach(ServiceProcess::askToEnd);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MILLIS);
        for (AgentProcess agent : all) {
            agent.end(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
        }
        leaders.forEach(ServiceProcess::awaitGone);
        zookeepers.close();
        network.close();
        Namespaces own = namespaces;
        if (own != null) {
            own.close();
        }
        try {
            RunFolder.delete(arenas.resolve("zookeeper"));
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("ZooKeeper's data stays in {}", arenas, e);
        }
        try {
            Files.deleteIfExists(arenas);
        } catch (DirectoryNotEmptyException e) {
            // Somebody left something there; whoever looks for it finds it.
            LOG.debug("shared memory stays behind", e);
        } catch (IOException e) {
            LOG.warn("the folder {} stays", arenas, e);
        }
    }
}
