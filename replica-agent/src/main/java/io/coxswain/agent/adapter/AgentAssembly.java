package io.coxswain.agent.adapter;

import io.coxswain.agent.AgentObserver;
import io.coxswain.agent.app.AgentLoop;
import io.coxswain.agent.app.AgentPorts;
import io.coxswain.agent.app.AgentPulse;
import io.coxswain.agent.app.EffectRunner;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Refusal;
import io.coxswain.security.Role;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;
import io.grpc.ClientInterceptor;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.BoundedExponentialBackoffRetry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;

/** Puts an agent together and takes it apart again, in the reverse order. Thread-safe. */
public final class AgentAssembly implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentAssembly.class);
    private static final long PARKED_BYTES = 32L << 20;
    private static final long STALL_NANOS = 3_000_000_000L;
    private static final Duration REGISTER_RETRY = Duration.ofMillis(250);

    /** All options, checked. */
    public record Settings(
            AgentKey key,
            String zookeeperConnect,
            Duration sessionTimeout,
            String bindHost,
            int bindPort,
            String advertisedHost,
            int advertisedPort,
            String failureDomain,
            Path arenaRoot,
            long arenaBudgetBytes,
            boolean keepArena,
            Path logFolder,
            int devices,
            long copyBytesPerSecond,
            Map<String, String> labels,
            AgentLimits limits,
            WorkerSupervisor.Limits workerLimits,
            OutputLimits workerOutput,
            AgentObserver observer,
            Consumer<Throwable> onFatal,
            List<ClientInterceptor> controlInterceptors,
            @Nullable HttpPort http,
            WireSecurity security,
            ZooKeeperAccess zookeeperAccess,
            Function<JobSpec, WorkerCommand> workerCommands) {}

    /**
     * Where metrics and probes are.
     *
     * @param names that requests may use for this host, besides those that are always right
     */
    public record HttpPort(String host, int port, List<String> names, @Nullable String token) {}

    private final Settings settings;

    /** What is open, newest first. */
    private final Deque<Part> parts = new ArrayDeque<>();

    private @Nullable DataSide plane;
    private @Nullable ArenaFolder folder;
    private @Nullable BridgeWorkers workers;
    private @Nullable AgentHttp http;
    private @Nullable AgentLoop decides;
    private final CompletableFuture<Boolean> left = new CompletableFuture<>();
    private boolean noticed;
    private boolean started;
    private boolean closed;

    /** One thing to close, by its name. */
    private record Part(String name, Runnable close) {}

    public AgentAssembly(Settings settings) {
        this.settings = settings;
    }

    public AgentKey key() {
        return settings.key();
    }

    public synchronized Endpoint dataEndpoint() {
        DataSide open = plane;
        if (open == null) {
            throw new IllegalStateException("the agent is not started");
        }
        return open.endpoint();
    }

    public synchronized Path arenaFolder() {
        ArenaFolder made = folder;
        if (made == null) {
            throw new IllegalStateException("the agent is not started");
        }
        return made.path();
    }

    public synchronized List<Long> workerPids() {
        BridgeWorkers running = workers;
        return running == null ? List.of() : running.pids();
    }

    /** The HTTP port's address; empty: none was asked for. */
    public synchronized Optional<String> httpUrl() {
        return Optional.ofNullable(http).map(AgentHttp::url);
    }

    /** See {@code ReplicaAgent.leave}. */
    public synchronized CompletableFuture<Boolean> leave(String reason, Duration deadline) {
        AgentLoop loop = decides;
        if (loop == null || closed) {
            left.complete(false);
        } else if (!noticed) {
            noticed = true;
            var _ = left.completeOnTimeout(false, deadline.toNanos(), TimeUnit.NANOSECONDS);
            loop.post(new AgentEvent.NoticeGiven(reason, deadline.toNanos()));
        }
        return left.copy();
    }

    /** See {@code ReplicaAgent.start}. */
    public synchronized void start() throws IOException {
        if (started || closed) {
            throw new IllegalStateException("an agent starts once");
        }
        started = true;
        try {
            assemble();
        } catch (IOException | RuntimeException e) {
            takeApart();
            throw e;
        }
    }

    private void assemble() throws IOException {
        AgentKey key = settings.key();
        for (Path discarded : ArenaFolders.discardStale(settings.arenaRoot())) {
            LOG.info("discarded the shared memory of a dead agent: {}", discarded);
        }
        PlaneSecurity planes =
                PlaneSecurity.open("agent " + key.id(), settings.security(), Role.AGENT, key.id());
        opened("certificates", planes::close);
        planes.admitListening("the data plane", settings.bindHost());
        // First opened is last closed: a ZooKeeper that does not answer must not keep the arena.
        CuratorFramework zookeeper =
                ZkAccess.apply(CuratorFrameworkFactory.builder(), settings.zookeeperAccess())
                        .connectString(settings.zookeeperConnect())
                        .sessionTimeoutMs((int) settings.sessionTimeout().toMillis())
                        .connectionTimeoutMs(
                                (int) Math.min(5_000, settings.sessionTimeout().toMillis()))
                        .retryPolicy(new BoundedExponentialBackoffRetry(50, 1_000, 3))
                        .build();
        zookeeper.start();
        opened("ZooKeeper client", zookeeper::close);
        ArenaFolder made = ArenaFolder.create(settings.arenaRoot(), key);
        folder = made;
        opened(
                "arena folder",
                () -> {
                    if (!settings.keepArena()) {
                        made.delete();
                    }
                });
        Files.createDirectories(settings.logFolder());

        // The parts know each other through the loop, which does not exist yet: events before it
        // starts wait in its queue.
        AtomicReference<@Nullable AgentLoop> later = new AtomicReference<>();
        ViewRoll roll = new ViewRoll(planes.encrypted());
        Consumer<AgentEvent> events =
                event -> {
                    roll.heard(event);
                    AgentLoop loop = later.get();
                    if (loop != null) {
                        loop.post(event);
                    }
                };

        DataSide side =
                DataSide.open(
                        key,
                        made.path(),
                        settings.arenaBudgetBytes(),
                        new DataPlaneSettings(
                                settings.bindHost(),
                                settings.bindPort(),
                                settings.advertisedHost(),
                                settings.advertisedPort(),
                                0,
                                settings.copyBytesPerSecond(),
                                PARKED_BYTES,
                                STALL_NANOS),
                        planes,
                        roll,
                        events);
        opened("data plane and arena", side::close);
        plane = side;
        ArenaStore arena = side.store();

        AgentVoice voice = new AgentVoice(key.id());
        opened("voice", voice::close);
        BridgeWorkers bridge =
                new BridgeWorkers(
                        settings.workerCommands(),
                        made.path(),
                        settings.logFolder(),
                        settings.workerLimits(),
                        settings.workerOutput(),
                        arena::path,
                        arena::slot,
                        events,
                        voice,
                        made::recordWorker);
        opened("worker", bridge::close);
        workers = bridge;

        AgentProfile profile =
                new AgentProfile(
                        key,
                        side.endpoint(),
                        settings.failureDomain(),
                        settings.arenaBudgetBytes(),
                        settings.devices(),
                        settings.labels(),
                        HostName.own(),
                        ProcessHandle.current().pid(),
                        settings.logFolder().toAbsolutePath().normalize().toString());
        ZkRegistration registration = new ZkRegistration(zookeeper, profile, REGISTER_RETRY);
        opened("registration", registration::close);
        GrpcControlClient control =
                new GrpcControlClient(
                        zookeeper,
                        profile,
                        channels(planes),
                        events,
                        GrpcControlClient.Pauses.DEFAULT,
                        voice::ask);
        opened("control stream", control::close);
        voice.connect(control::say, bridge);

        AgentMachine machine = new AgentMachine(key, settings.limits());
        EffectRunner runner =
                new EffectRunner(
                        machine,
                        new AgentPorts(control, bridge, side.data(), arena),
                        settings.observer(),
                        // Whoever waits for it may close this agent, which waits for the loop.
                        end ->
                                Thread.ofVirtual()
                                        .name("left")
                                        .start(() -> left.complete(end.drained())));
        AgentLoop loop = new AgentLoop(key.id(), runner, System::nanoTime, settings.onFatal());
        later.set(loop);
        decides = loop;
        loop.start();
        opened("loop", loop::close);
        opened("tally", () -> tell(loop.pulse().staleWords()));
        openHttp(
                new Watched(loop, zookeeper, registration, control, bridge, arena, planes), planes);
        registration.start();
        control.start();
    }

    private static void tell(long staleWords) {
        if (staleWords > 0) {
            LOG.info("this agent refused {} words of leaders that were succeeded", staleWords);
        }
    }

    private void openHttp(AgentHttp.State state, PlaneSecurity planes) throws IOException {
        HttpPort asked = settings.http();
        if (asked != null) {
            AgentHttp open = new AgentHttp(asked, state, planes.web(asked.host()));
            http = open;
            opened("HTTP port", open::close);
        }
    }

    /** What the HTTP port tells. */
    private final class Watched implements AgentHttp.State {
        private final AgentLoop loop;
        private final CuratorFramework zookeeper;
        private final ZkRegistration registration;
        private final GrpcControlClient control;
        private final BridgeWorkers worker;
        private final ArenaStore arena;
        private final PlaneSecurity security;

        Watched(
                AgentLoop loop,
                CuratorFramework zookeeper,
                ZkRegistration registration,
                GrpcControlClient control,
                BridgeWorkers worker,
                ArenaStore arena,
                PlaneSecurity security) {
            this.loop = loop;
            this.zookeeper = zookeeper;
            this.registration = registration;
            this.control = control;
            this.worker = worker;
            this.arena = arena;
            this.security = security;
        }

        @Override
        public double certificateExpirySeconds() {
            return security.expiry().map(end -> (double) end.getEpochSecond()).orElse(Double.NaN);
        }

        @Override
        public boolean plaintext() {
            return security.plaintext();
        }

        @Override
        public long refused(Refusal reason) {
            return security.refusals().of(reason);
        }

        @Override
        public boolean loopRuns() {
            return loop.runs();
        }

        @Override
        public AgentPulse pulse() {
            return loop.pulse();
        }

        @Override
        public boolean zookeeperConnected() {
            return zookeeper.getZookeeperClient().isConnected();
        }

        @Override
        public boolean registered() {
            return registration.stands();
        }

        @Override
        public boolean attached() {
            return control.attached();
        }

        @Override
        public boolean workerRuns() {
            return !worker.pids().isEmpty();
        }

        @Override
        public long arenaUsedBytes() {
            return arena.reservedBytes();
        }

        @Override
        public long arenaBudgetBytes() {
            return settings.arenaBudgetBytes();
        }

        @Override
        public long unknownWords() {
            DataSide open = plane;
            return control.unknownWords() + (open == null ? 0 : open.unknownFrames());
        }
    }

    private GrpcControlClient.Channels channels(PlaneSecurity planes) throws IOException {
        ControlChannels made =
                new ControlChannels(settings.key().id(), planes, settings.controlInterceptors());
        opened("control threads", made::close);
        return made;
    }

    private void opened(String name, Runnable close) {
        parts.push(new Part(name, close));
    }

    @Override
    public synchronized void close() {
        closed = true;
        left.complete(false);
        takeApart();
    }

    private void takeApart() {
        while (!parts.isEmpty()) {
            Part part = parts.pop();
            try {
                part.close().run();
            } catch (RuntimeException e) {
                LOG.warn("closing the agent's {} failed", part.name(), e);
            }
        }
    }
}
