package io.coxswain.agent;

import io.coxswain.agent.adapter.AgentAssembly;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.worker.OutputLimits;
import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.agent.worker.WorkerSupervisor;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;
import io.grpc.ClientInterceptor;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The agent on a host: registers with ZooKeeper, follows the leading coordinator, runs the worker,
 * keeps snapshots and copies in shared memory. Several may run in one JVM. It never ends the
 * process that it runs in, sets no shutdown hook and no logging up.
 *
 * <p>Thread-safe. {@link #start} may be called once; {@link #close} any number of times, from any
 * thread but the agent's own loop (an {@link AgentObserver}).
 */
public final class ReplicaAgent implements AutoCloseable {
    private final AgentAssembly assembly;

    private ReplicaAgent(AgentAssembly assembly) {
        this.assembly = assembly;
    }

    /** A builder with the defaults; see each setter. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Makes the arena folder (after discarding those of dead agents), opens the data plane's port,
     * and begins to look for a leader. Returns without waiting for ZooKeeper or a leader.
     *
     * @throws IOException if the folder cannot be made or the port is taken; the message says what
     *     to do. Nothing is left behind then
     */
    public void start() throws IOException {
        assembly.start();
    }

    /**
     * Gives notice that this process is to end, as the machine it runs on is taken away: the leader
     * has its rank taken over by a spare and its copies held elsewhere, and no step is lost by it.
     * Then, or at once where no job runs here or no leader is there, the answer comes; {@link
     * #close} is still to be called. To be said once: a later call gets the first one's answer.
     *
     * @param deadline how long that may take, more than zero
     * @return true: nothing depends on this agent any more; false: the time is over, or there is
     *     nobody to take its part over
     */
    public CompletableFuture<Boolean> leave(String reason, Duration deadline) {
        if (deadline.isNegative() || deadline.isZero()) {
            throw new IllegalArgumentException(
                    "a notice's deadline must be more than 0, got " + deadline.toMillis() + " ms");
        }
        return assembly.leave(reason, deadline);
    }

    /** Kills the worker, closes all connections, and deletes the arena unless it is to be kept. */
    @Override
    public void close() {
        assembly.close();
    }

    /** Name and random id of this start. */
    public AgentKey key() {
        return assembly.key();
    }

    /** Where the data plane is reached; after {@link #start}. */
    public Endpoint dataEndpoint() {
        return assembly.dataEndpoint();
    }

    /** The folder of shared memory; after {@link #start}. */
    public Path arenaFolder() {
        return assembly.arenaFolder();
    }

    /** The process ids of the worker, by local rank; empty when none runs. */
    public List<Long> workerPids() {
        return assembly.workerPids();
    }

    /** Where the HTTP port is; empty: none was asked for, or the agent is not started. */
    public Optional<String> httpUrl() {
        return assembly.httpUrl();
    }

    /** Collects options and checks their bounds. Not thread-safe. */
    public static final class Builder {
        private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
        private static final int INCARNATION_BYTES = 16;

        private String id = "";
        private String zookeeperConnect = "";
        private Duration sessionTimeout = Duration.ofSeconds(6);
        private String bindHost = "127.0.0.1";
        private int bindPort;
        private String advertisedHost = "";
        private int advertisedPort;
        private String failureDomain = "";
        private Path arenaRoot = Path.of("/dev/shm");
        private long arenaBudgetBytes = 1L << 30;
        private boolean keepArena;
        private Path logFolder = Path.of("logs");
        private int devices = 1;
        private long copyBytesPerSecond;
        private Map<String, String> labels = Map.of();
        private Duration workerSilence = Duration.ofSeconds(2);
        private WorkerSupervisor.Limits workerLimits = WorkerSupervisor.Limits.DEFAULT;
        private OutputLimits workerOutput = OutputLimits.DEFAULT;
        private AgentObserver observer = AgentObserver.NONE;
        private Consumer<Throwable> onFatal = failure -> {};
        private List<ClientInterceptor> controlInterceptors = List.of();
        private AgentAssembly.@Nullable HttpPort http;
        private List<String> httpNames = List.of();
        private @Nullable String httpToken;
        private WireSecurity security = WireSecurity.loopbackOnly();
        private ZooKeeperAccess zookeeperAccess = ZooKeeperAccess.OPEN;
        private @Nullable BiFunction<String, String, WorkerCommand> workerCommands;

        private Builder() {}

        /**
         * The host's agent name, 1 to 64 of {@code A-Z a-z 0-9 . _ -}. Required; unique in the
         * cluster.
         */
        public Builder id(String value) {
            id = value;
            return this;
        }

        /**
         * ZooKeeper's connect string with its chroot, as {@code zk1:2181,zk2:2181/coxswain}.
         * Required.
         */
        public Builder zookeeper(String connect) {
            zookeeperConnect = connect;
            return this;
        }

        /** Credentials and options of ZooKeeper's client; default: none, all is open. */
        public Builder zookeeperAccess(ZooKeeperAccess access) {
            zookeeperAccess = access;
            return this;
        }

        /** ZooKeeper session timeout; default 6 s, 1 s to 60 s. */
        public Builder sessionTimeout(Duration value) {
            sessionTimeout = value;
            return this;
        }

        /** Where the data plane listens; default {@code 127.0.0.1} and any free port (0). */
        public Builder bind(String host, int port) {
            bindHost = host;
            bindPort = port;
            return this;
        }

        /**
         * What other agents dial; default: as bound. Port 0 stands for the port that is listened
         * on.
         */
        public Builder advertised(String host, int port) {
            advertisedHost = host;
            advertisedPort = port;
            return this;
        }

        /** Widest part first, as {@code pod0/rack7/host31}; default: the agent's id. */
        public Builder failureDomain(String path) {
            failureDomain = path;
            return this;
        }

        /** A folder on tmpfs; default {@code /dev/shm}. */
        public Builder arenaRoot(Path folder) {
            arenaRoot = folder;
            return this;
        }

        /** Shared memory that this agent may take; default 1 GiB, at least 1 MiB. */
        public Builder arenaBudgetBytes(long bytes) {
            arenaBudgetBytes = bytes;
            return this;
        }

        /** Leave the arena when the agent is closed; default false. */
        public Builder keepArena(boolean keep) {
            keepArena = keep;
            return this;
        }

        /** Where the workers' output goes; default {@code logs}. */
        public Builder logFolder(Path folder) {
            logFolder = folder;
            return this;
        }

        /** Accelerators that the worker drives; default 1, told to the coordinator. */
        public Builder devices(int count) {
            devices = count;
            return this;
        }

        /** Told to the coordinator. */
        public Builder labels(Map<String, String> values) {
            labels = Map.copyOf(values);
            return this;
        }

        /** Limit of the bytes of copies sent; default 0: none. */
        public Builder copyBytesPerSecond(long bytes) {
            copyBytesPerSecond = bytes;
            return this;
        }

        /**
         * A worker without a sign of life for this long is killed; default 2 s, 100 ms to 10 min.
         */
        public Builder workerSilence(Duration limit) {
            workerSilence = limit;
            return this;
        }

        /** Start, heartbeat and kill ladder of the worker. */
        public Builder workerLimits(WorkerSupervisor.Limits limits) {
            workerLimits = limits;
            return this;
        }

        /** How much of the workers' output is kept. */
        public Builder workerOutput(OutputLimits limits) {
            workerOutput = limits;
            return this;
        }

        /**
         * The command for each runtime kind; throws IllegalArgumentException for one that this host
         * cannot run. Required.
         */
        public Builder workerCommands(Function<String, WorkerCommand> commands) {
            return workerCommands((kind, unusedSection) -> commands.apply(kind));
        }

        /**
         * The same for a host that runs programs which jobs name: the command for a runtime kind
         * and the job's runtime section as JSON.
         */
        public Builder workerCommands(BiFunction<String, String, WorkerCommand> commands) {
            workerCommands = commands;
            return this;
        }

        /** Called on the agent's loop at each phase of a step; default: nobody. */
        public Builder observer(AgentObserver value) {
            observer = value;
            return this;
        }

        /**
         * Called once if a broken invariant stops the agent; {@link ReplicaAgent#close} is still to
         * be called, from another thread.
         */
        public Builder onFatal(Consumer<Throwable> handler) {
            onFatal = handler;
            return this;
        }

        /**
         * Stand between the agent and every stream that it opens to a leader, the last one next to
         * the agent: credentials, traces. Default: none.
         */
        public Builder controlInterceptors(List<ClientInterceptor> values) {
            controlInterceptors = List.copyOf(values);
            return this;
        }

        /**
         * Address and port of {@code /metrics}, {@code /livez} and {@code /readyz}; port 0: a free
         * one, see {@link ReplicaAgent#httpUrl}. Default: no HTTP port.
         */
        public Builder http(String host, int port) {
            http = new AgentAssembly.HttpPort(host, port, List.of(), null);
            return this;
        }

        /**
         * Names by which HTTP requests may call this host, besides addresses, {@code localhost},
         * the bind address and the machine's name; others are refused, against DNS rebinding.
         */
        public Builder httpNames(List<String> names) {
            httpNames = List.copyOf(names);
            return this;
        }

        /** Who reads the HTTP port shows that token: 16 to 512 visible ASCII characters. */
        public Builder httpToken(String secret) {
            httpToken = secret;
            return this;
        }

        /**
         * How control and data plane are protected: mutual TLS, or in the clear. Default: in the
         * clear on loopback addresses only; anything else is refused.
         */
        public Builder security(WireSecurity wires) {
            security = wires;
            return this;
        }

        /**
         * An agent that is not started.
         *
         * @throws IllegalArgumentException names the option, its bounds and what was given
         */
        public ReplicaAgent build() {
            require(ID.matcher(id).matches(), "id", "1 to 64 of A-Z a-z 0-9 . _ -", id);
            require(
                    !zookeeperConnect.isBlank(),
                    "zookeeper",
                    "host:port,…/chroot",
                    zookeeperConnect);
            bounds("sessionTimeout", sessionTimeout, Duration.ofSeconds(1), Duration.ofSeconds(60));
            require(!bindHost.isBlank(), "bind", "a host name or address", bindHost);
            require(bindPort >= 0 && bindPort <= 65535, "bind port", "0 to 65535", bindPort);
            require(
                    advertisedPort >= 0 && advertisedPort <= 65535,
                    "advertised port",
                    "0 to 65535",
                    advertisedPort);
            require(
                    !advertisedHost.isEmpty()
                            || (!bindHost.equals("0.0.0.0") && !bindHost.equals("::")),
                    "advertised",
                    "a host that others can dial, since the agent binds to all addresses",
                    advertisedHost);
            require(
                    arenaBudgetBytes >= 1 << 20,
                    "arenaBudgetBytes",
                    "at least 1048576",
                    arenaBudgetBytes);
            require(devices >= 0, "devices", "at least 0", devices);
            require(
                    copyBytesPerSecond >= 0,
                    "copyBytesPerSecond",
                    "at least 0; 0 is no limit",
                    copyBytesPerSecond);
            bounds("workerSilence", workerSilence, Duration.ofMillis(100), Duration.ofMinutes(10));
            require(
                    workerSilence.compareTo(workerLimits.heartbeat().multipliedBy(2)) > 0,
                    "workerSilence",
                    "more than twice the worker's heartbeat of "
                            + workerLimits.heartbeat().toMillis()
                            + " ms",
                    workerSilence.toMillis() + " ms");
            require(
                    !zookeeperAccess.closed()
                            || zookeeperAccess.password(ZooKeeperAccess.AGENT).isPresent(),
                    "zookeeperAccess",
                    "credentials with the password of agent",
                    zookeeperAccess);
            BiFunction<String, String, WorkerCommand> commands = workerCommands;
            if (commands == null) {
                throw new IllegalArgumentException(
                        "workerCommands is missing: give a function from runtime kind to command");
            }
            byte[] random = new byte[INCARNATION_BYTES];
            new SecureRandom().nextBytes(random);
            AgentKey key = new AgentKey(id, HexFormat.of().formatHex(random));
            return new ReplicaAgent(
                    new AgentAssembly(
                            new AgentAssembly.Settings(
                                    key,
                                    zookeeperConnect,
                                    sessionTimeout,
                                    bindHost,
                                    bindPort,
                                    advertisedHost.isEmpty() ? bindHost : advertisedHost,
                                    advertisedPort,
                                    failureDomain.isEmpty() ? id : failureDomain,
                                    arenaRoot,
                                    arenaBudgetBytes,
                                    keepArena,
                                    logFolder,
                                    devices,
                                    copyBytesPerSecond,
                                    labels,
                                    AgentLimits.DEFAULT.withPongNanos(workerSilence.toNanos()),
                                    workerLimits,
                                    workerOutput,
                                    observer,
                                    onFatal,
                                    controlInterceptors,
                                    http == null
                                            ? null
                                            : new AgentAssembly.HttpPort(
                                                    http.host(), http.port(), httpNames, httpToken),
                                    security,
                                    zookeeperAccess,
                                    job -> commands.apply(job.runtimeKind(), job.runtimeJson()))));
        }

        private static void bounds(String option, Duration value, Duration least, Duration most) {
            require(
                    value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
                    option,
                    least.toMillis() + " to " + most.toMillis() + " ms",
                    value.toMillis() + " ms");
        }

        private static void require(boolean holds, String option, String expected, Object given) {
            if (!holds) {
                throw new IllegalArgumentException(
                        "agent option "
                                + option
                                + " must be "
                                + expected
                                + ", got '"
                                + given
                                + "'");
            }
        }
    }
}
