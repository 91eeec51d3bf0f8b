package io.coxswain.coordinator;

import io.coxswain.coordinator.adapter.grpc.GrpcControlServer;
import io.coxswain.coordinator.adapter.trace.Traces;
import io.coxswain.coordinator.adapter.zookeeper.ZkLeadership;
import io.coxswain.coordinator.app.CoordinatorCore;
import io.coxswain.coordinator.app.CoordinatorLoop;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.app.PictureBoard;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.retention.RetentionRule;
import io.coxswain.coordinator.journal.JournalSettings;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.OpenTelemetry;

import org.apache.curator.framework.CuratorFramework;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A coordinator, embedded in any Java program:
 *
 * <pre>{@code
 * try (var coordinator = Coordinator.builder().zookeeper("zk1:2181,zk2:2181").build()) {
 *     coordinator.start();
 *     coordinator.listen(event -> System.out.println(EventText.of(event.event())));
 *     if (coordinator.submit(job).join() instanceof SubmitOutcome.Accepted(String jobId)) {
 *         System.out.println(coordinator.result(jobId).join().toJson());
 *     }
 * }
 * }</pre>
 *
 * <p>It behaves as a guest: no shutdown hook, no exit, no static state, no logging binding; several
 * may run in one JVM. A bug in it stops this object only, then tells {@link Builder#onFatal}.
 * Thread-safe.
 */
public final class Coordinator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);

    private final Builder made;
    private final CoordinatorConfig config;
    private final Executor executor;
    private final @Nullable ExecutorService ownExecutor;
    private final EventLog events;
    private final PictureBoard board;
    private final CoordinatorLoop loop;
    private final CompletableFuture<Long> leading = new CompletableFuture<>();
    private final Calls calls;
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<Void> released = new CompletableFuture<>();
    // Set by start, released by close or a fatal error; guarded by this.
    private @Nullable Groundwork groundwork;
    private @Nullable ZkLeadership leadership;
    private @Nullable GrpcControlServer server;
    private @Nullable Observation observation;
    private @Nullable Observers observers;
    private final @Nullable Traces traces;

    private Coordinator(Builder builder, CoordinatorConfig config) {
        this.made = builder.copy();
        this.config = config;
        if (made.executor == null) {
            ownExecutor =
                    Executors.newThreadPerTaskExecutor(
                            Thread.ofVirtual().name("coxswain-call-", 0).factory());
            executor = ownExecutor;
        } else {
            ownExecutor = null;
            executor = made.executor;
        }
        events = new EventLog(config.eventBuffer(), System::currentTimeMillis);
        loop = new CoordinatorLoop("coxswain-" + config.id(), System::nanoTime, this::broken);
        traces =
                made.openTelemetry == null
                        ? null
                        : new Traces(made.openTelemetry, config.id(), made.oneRunIn);
        board = new PictureBoard(config.id(), System::currentTimeMillis, traces());
        calls = new Calls(loop, events, board, this::later, this::stopped, traces());
    }

    /** A builder with the documented defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Connects to ZooKeeper, opens the control port and stands for election; returns without
     * waiting for leadership (see {@link #leading}). Once per object.
     *
     * @throws IOException if ZooKeeper does not answer or the port cannot be bound; everything is
     *     closed then
     */
    public synchronized Coordinator start() throws IOException {
        if (closed.get() || !started.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "coordinator " + config.id() + " was started or closed before: build another");
        }
        try {
            Groundwork ground = Groundwork.open(made.ground, config);
            groundwork = ground;
            CuratorFramework client = ground.client();
            observers = Observers.start(events, config.id(), traces, made.journal);
            var control =
                    new GrpcControlServer(
                            new InetSocketAddress(config.bindHost(), config.port()),
                            executor,
                            loop,
                            calls,
                            ground.security());
            server = control;
            control.start();
            var lead =
                    new ZkLeadership(
                            client, config.chroot(), config.id(), loop, made.ground.access());
            leadership = lead;
            board.askForLeader(lead::leader);
            loop.start(
                    new CoordinatorCore(
                            config.settings(Surroundings.of(config.id())),
                            control,
                            lead.store(),
                            eventsPort(),
                            lead,
                            board));
            var observed =
                    new Observation(
                            made.observation,
                            config.id(),
                            loop,
                            events,
                            client,
                            lead,
                            control,
                            board,
                            traces(),
                            ground.security());
            observation = observed;
            lead.start(config.advertisedHost(), control.port(), observed.page(config));
            return this;
        } catch (IOException | RuntimeException failed) {
            close();
            throw failed;
        }
    }

    /** This coordinator's id. */
    public String id() {
        return config.id();
    }

    /**
     * The control and admin port in use.
     *
     * @throws IllegalStateException before {@link #start} and after {@link #close}
     */
    public synchronized int port() {
        if (server == null) {
            throw new IllegalStateException("coordinator " + config.id() + " is not running");
        }
        return server.port();
    }

    /** Where the HTTP port is; empty: none was asked for, or this coordinator is not running. */
    public synchronized Optional<String> httpUrl() {
        return Optional.ofNullable(observation == null ? null : observation.url());
    }

    /** Completes with the term when this coordinator leads for the first time. */
    public CompletableFuture<Long> leading() {
        return leading.copy();
    }

    /** Submits a job that is refused while another runs. Idempotent by job id. */
    public CompletableFuture<SubmitOutcome> submit(JobSpec job) {
        return submit(job, false);
    }

    /**
     * Submits a job; answered when its record is durable. Before the first leadership the
     * submission waits for it.
     *
     * @param queue true: behind others; false: refused while another runs
     */
    public CompletableFuture<SubmitOutcome> submit(JobSpec job, boolean queue) {
        return leading.thenCompose(_ -> calls.submit(job, queue));
    }

    /** Ends a job, running or queued. */
    public CompletableFuture<CancelOutcome> cancel(String jobId) {
        return calls.cancel(jobId);
    }

    /** Planned work: pausing a job and the like. */
    public Operations operations() {
        return calls;
    }

    /** What is known now. */
    public CompletableFuture<CoordinatorStatus> status() {
        return calls.status();
    }

    /**
     * The report of a job, when it is over. Fails with {@link NoSuchElementException} for an
     * unknown job and with {@link IllegalStateException} when this coordinator closes first.
     */
    public CompletableFuture<JobReport> result(String jobId) {
        return calls.result(jobId, closed::get);
    }

    /**
     * What interrupted a job; an empty id means the one that runs or ended last. Fails with {@link
     * NoSuchElementException} for an unknown job.
     */
    public CompletableFuture<JobIncidents> incidents(String jobId) {
        return calls.incidents(jobId);
    }

    /** The traces that were begun; none without {@link Builder#openTelemetry}. */
    public TraceLookup traces() {
        return traces == null ? TraceLookup.NONE : traces;
    }

    /**
     * What coordinator, job and agents look like now; at most a second old. Never waits for the
     * decision loop.
     */
    public Picture picture() {
        return board.picture();
    }

    /**
     * Delivers the picture that there is, then each newer one as soon as the watcher is ready for
     * it: who is slow sees fewer, always the newest.
     */
    public Subscription watch(Consumer<Picture> watcher) {
        return board.watch(watcher);
    }

    /** Delivers all events that are still kept, then the new ones. */
    public Subscription listen(CoordinatorListener listener) {
        return events.listen(0, listener);
    }

    /**
     * Delivers events from that sequence number on, which resumes after {@link
     * Subscription#nextSequence}. Sequence numbers are of this object.
     */
    public Subscription listen(long fromSequence, CoordinatorListener listener) {
        return events.listen(fromSequence, listener);
    }

    /**
     * Stops: no more decisions, streams closed, the leader's znode gone, listeners given what is
     * there. Members go on stepping under their lease. Blocks for at most a few seconds; safe to
     * repeat.
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release("coordinator " + config.id() + " closes");
        } else {
            released.join();
        }
    }

    // The loop's last act. What else there is is closed from another thread, since closing waits.
    private void broken(Throwable bug) {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        Thread.ofVirtual()
                .name("coxswain-fatal-" + config.id())
                .start(() -> {
                    try {
                        release("coordinator " + config.id() + " is broken");
                    } finally {
                        made.onFatal.accept(bug);
                    }
                });
    }

    private void release(String reason) {
        try {
            loop.stop(reason);
            synchronized (this) {
                quietly("HTTP port and meters", observation);
                quietly("leadership", leadership);
                quietly("control server", server);
                quietly("ZooKeeper client and certificates", groundwork);
                server = null;
            }
            events.close();
            synchronized (this) {
                quietly("observers", observers);
            }
            board.close();
            leading.completeExceptionally(stopped());
            calls.drained();
            if (ownExecutor != null) {
                ownExecutor.shutdown();
            }
        } finally {
            released.complete(null);
        }
    }

    private void quietly(String what, @Nullable AutoCloseable resource) {
        Closing.quietly(what + " of " + this, resource);
    }

    @Override
    public String toString() {
        return "coordinator " + config.id();
    }

    private IllegalStateException stopped() {
        return new IllegalStateException("coordinator " + config.id() + " is closed");
    }

    private EventsPort eventsPort() {
        return (event, nowNanos, term, jobId, epoch, step) -> {
            events.publish(event, nowNanos, term, jobId, epoch, step);
            if (event instanceof CoordinatorEvent.LeadershipGained(long gained)) {
                later(() -> leading.complete(gained));
            }
        };
    }

    // Whoever waits for an answer runs on the executor, never on the decision loop.
    private void later(Runnable answer) {
        Closing.elsewhere(executor, answer);
    }

    /** Makes coordinators. Not thread-safe. */
    public static final class Builder {
        private Groundwork.Wanted ground = Groundwork.Wanted.NOTHING;
        private String chroot = "/coxswain";
        private String bindHost = "127.0.0.1";
        private int port;
        private @Nullable String advertisedHost;
        private String id = "coordinator-" + UUID.randomUUID();
        private @Nullable Executor executor;
        private Observation.Wanted observation = Observation.Wanted.NOTHING;
        private Duration sessionTimeout = Duration.ofSeconds(6);
        private Duration heartbeat = Duration.ofMillis(250);
        private @Nullable Duration lease;
        private int eventBuffer = 4_096;
        private RetentionRule history = RetentionRule.DEFAULT;
        private JobLimits jobLimits = JobLimits.defaults();
        private @Nullable JournalSettings journal;
        private @Nullable OpenTelemetry openTelemetry;
        private int oneRunIn = Traces.ONE_RUN_IN;
        private Consumer<Throwable> onFatal =
                bug -> LOG.error("a coordinator stopped on a bug", bug);

        private Builder() {}

        /**
         * ZooKeeper's connect string: host:port, several separated by commas. Instead of {@link
         * #curator}.
         */
        public Builder zookeeper(String hosts) {
            ground = ground.connectString(hosts);
            return this;
        }

        /** Credentials and options of {@link #zookeeper}'s client. Default: none, all is open. */
        public Builder zookeeperAccess(ZooKeeperAccess access) {
            ground = ground.access(access);
            return this;
        }

        /**
         * The host's own client, started; it is not closed with the coordinator. Its session
         * time-out is to be given as {@link #sessionTimeout} too.
         */
        public Builder curator(CuratorFramework started) {
            ground = ground.client(started);
            return this;
        }

        /** The ZooKeeper path below which everything stands. Default {@code /coxswain}. */
        public Builder chroot(String path) {
            chroot = path;
            return this;
        }

        /** Address and port to listen on. Default 127.0.0.1 and 0, a free port. */
        public Builder bind(String host, int onPort) {
            bindHost = host;
            port = onPort;
            return this;
        }

        /**
         * The host under which agents reach this coordinator. Default: the bind address, or this
         * host's name where that is a wildcard.
         */
        public Builder advertisedHost(String host) {
            advertisedHost = host;
            return this;
        }

        /** How the control plane is protected. Default: in the clear, on loopback only. */
        public Builder security(WireSecurity wires) {
            ground = ground.security(wires);
            return this;
        }

        /** Unique among the coordinators of one chroot. Default: random. */
        public Builder id(String unique) {
            id = unique;
            return this;
        }

        /**
         * Where calls and answers run; tasks may block for a while. Default: virtual threads of its
         * own.
         */
        public Builder executor(Executor shared) {
            executor = shared;
            return this;
        }

        /** Where the {@code coxswain.*} meters go too. Default: none. */
        public Builder meterRegistry(MeterRegistry shared) {
            observation = observation.registry(shared);
            return this;
        }

        /**
         * Where HTTP is served ({@link Coordinator#httpUrl}); port 0: a free one. Default: none.
         */
        public Builder http(String host, int onPort) {
            observation = observation.http(host, onPort);
            return this;
        }

        /** A name of this host in HTTP requests, besides its own; others are refused (421). */
        public Builder httpName(String name) {
            observation = observation.httpName(name);
            return this;
        }

        /** Who reads the HTTP port shows that token: 16 to 512 visible ASCII characters. */
        public Builder httpToken(String secret) {
            observation = observation.httpToken(secret);
            return this;
        }

        /** ZooKeeper session time-out. Default 6 s; 1 s to 2 min. */
        public Builder sessionTimeout(Duration timeout) {
            sessionTimeout = timeout;
            return this;
        }

        /** How often agents speak when they have nothing to say. Default 250 ms; 10 ms to 30 s. */
        public Builder heartbeat(Duration interval) {
            heartbeat = interval;
            return this;
        }

        /**
         * Without a word from a leader for this long agents stop stepping. Default and least:
         * session time-out + 4 s; more than 2 heartbeats.
         */
        public Builder lease(Duration duration) {
            lease = duration;
            return this;
        }

        /** Times and counts of jobs; heartbeat and lease in it are replaced. */
        public Builder jobLimits(JobLimits limits) {
            jobLimits = limits;
            return this;
        }

        /** Events kept for listeners. Default 4096; 16 to 1,000,000. */
        public Builder eventBuffer(int events) {
            eventBuffer = events;
            return this;
        }

        /**
         * Ended jobs that are kept, the newest, and for how long. Default 100; 1 to 10,000; {@link
         * Duration#ZERO}, the default: for ever.
         */
        public Builder jobHistory(int jobs, Duration age) {
            history = new RetentionRule(jobs, age.toMillis());
            return this;
        }

        /**
         * Writes every event to that file, a JSON line each, and goes on at its end if it is there;
         * {@code docs/events.md}. Default: no journal.
         */
        public Builder journal(Path file) {
            return journal(JournalSettings.of(file));
        }

        /** The same with sizes of its own. */
        public Builder journal(JournalSettings settings) {
            journal = settings;
            return this;
        }

        /**
         * Where the spans of incidents and of sampled steps go; the SDK behind it is the host's.
         * Default: nowhere.
         */
        public Builder openTelemetry(OpenTelemetry host) {
            return openTelemetry(host, Traces.ONE_RUN_IN);
        }

        /** The same; of {@code oneRunIn} reports of completed steps one is traced, at least 1. */
        public Builder openTelemetry(OpenTelemetry host, int ofRuns) {
            if (ofRuns < 1) {
                throw new IllegalArgumentException(
                        "of 1 or more runs of steps one is traced, got one in " + ofRuns);
            }
            openTelemetry = host;
            oneRunIn = ofRuns;
            return this;
        }

        /** Told, on a thread of its own, when a bug has stopped the coordinator. Default: logs. */
        public Builder onFatal(Consumer<Throwable> handler) {
            onFatal = handler;
            return this;
        }

        /**
         * Checks everything and makes the coordinator, which does nothing until {@link
         * Coordinator#start}.
         *
         * @throws IllegalArgumentException if a bound or a relation is broken
         */
        public Coordinator build() {
            ground.check();
            var config =
                    new CoordinatorConfig(
                            id,
                            chroot,
                            bindHost,
                            port,
                            advertisedHost == null
                                    ? Surroundings.reachable(bindHost)
                                    : advertisedHost,
                            sessionTimeout,
                            heartbeat,
                            lease == null
                                    ? sessionTimeout.plus(CoordinatorConfig.LEASE_OVER_SESSION)
                                    : lease,
                            eventBuffer,
                            history,
                            jobLimits);
            return new Coordinator(this, config);
        }

        // What is built does not change when the builder is used again.
        private Builder copy() {
            var copy = new Builder();
            copy.ground = ground;
            copy.executor = executor;
            copy.observation = observation;
            copy.onFatal = onFatal;
            copy.journal = journal;
            copy.openTelemetry = openTelemetry;
            copy.oneRunIn = oneRunIn;
            return copy;
        }
    }
}
