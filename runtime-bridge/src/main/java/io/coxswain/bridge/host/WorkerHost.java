package io.coxswain.bridge.host;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.bridge.spi.TrainingRuntime;
import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Serves one agent over the bridge: requests in order on the caller's thread, heartbeat and abort
 * on another.
 *
 * <p>What a request cannot do is answered with a Fault and the host goes on; a broken protocol ends
 * {@link #serve} with an exception. When the agent's end closes, all work is aborted and the given
 * callback runs at once on the side channel's thread, so that a process can end within milliseconds
 * even in the middle of a computation.
 */
public final class WorkerHost implements AutoCloseable {
    /** The bridge protocol's version that this host speaks. */
    public static final int PROTOCOL_MAJOR = 1;

    /** The bridge protocol's minor version. */
    public static final int PROTOCOL_MINOR = 0;

    private static final Logger LOG = LoggerFactory.getLogger(WorkerHost.class);
    private static final long BETWEEN_METRICS_NANOS = 250_000_000L;

    /** Why serving ended. */
    public enum Ending {
        /** The agent said so. */
        SHUT_DOWN,
        /** The agent closed the connection, or died. */
        AGENT_GONE
    }

    private final FrameChannel main;
    private final FrameChannel side;
    private final RuntimeFactory factory;
    private final AbortGate gate = new AbortGate();
    private final SnapshotCommitter committer = new SnapshotCommitter();
    private final KeyValueClient keyValues;
    private volatile Activity activity = Activity.IDLE;
    private final MetricBoard metrics = new MetricBoard(() -> activity.step());
    private volatile long metricsSentNanos = System.nanoTime();
    private volatile boolean gone;
    private @Nullable JobSession session;

    private WorkerHost(
            FrameChannel main, FrameChannel side, RuntimeFactory factory, Runnable agentGone) {
        this.main = main;
        this.side = side;
        this.factory = factory;
        this.keyValues = new KeyValueClient(side, gate);
        new SideChannel(
                        side,
                        gate,
                        keyValues,
                        () -> activity,
                        this::sendMetrics,
                        () -> {
                            gone = true;
                            gate.raiseAll();
                            agentGone.run();
                            closeQuietly(main);
                        })
                .start();
    }

    /**
     * Connects both channels and says hello.
     *
     * @param socket the agent's Unix-domain socket
     * @param token proves that this is the process that the agent started
     * @param factory makes the runtime
     * @param agentGone runs once, on another thread, when the agent's end is closed, and at {@link
     *     #close}
     * @throws ProtocolException if the agent refuses the token or the version
     */
    public static WorkerHost connect(
            Path socket, String token, RuntimeFactory factory, Runnable agentGone)
            throws IOException {
        FrameChannel main = open(socket);
        try {
            main.send(
                    FromWorker.newBuilder().setHello(hello(token, factory.kind(), false)).build());
            @Nullable ToWorker welcome = main.receive(ToWorker.parser());
            if (welcome != null && welcome.hasRefused()) {
                throw new IOException(
                        "the agent at %s does not take this worker: %s"
                                .formatted(socket, welcome.getRefused().getReason()));
            }
            requireWelcome(
                    socket,
                    welcome == null || !welcome.hasWelcome()
                            ? 0
                            : welcome.getWelcome().getProtocolMajor());
            FrameChannel side = open(socket);
            try {
                side.send(
                        FromWorkerSide.newBuilder()
                                .setHello(hello(token, factory.kind(), true))
                                .build());
                @Nullable ToWorkerSide reply = side.receive(ToWorkerSide.parser());
                requireWelcome(
                        socket,
                        reply == null || !reply.hasWelcome()
                                ? 0
                                : reply.getWelcome().getProtocolMajor());
                return new WorkerHost(main, side, factory, agentGone);
            } catch (IOException | RuntimeException e) {
                closeQuietly(side);
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            closeQuietly(main);
            throw e;
        }
    }

    /**
     * Serves requests until the agent ends it.
     *
     * @throws ProtocolException if the agent breaks the protocol
     */
    public Ending serve() throws IOException {
        while (true) {
            @Nullable ToWorker request;
            try {
                request = main.receive(ToWorker.parser());
            } catch (ProtocolException | InvalidProtocolBufferException e) {
                throw e;
            } catch (IOException e) {
                LOG.debug("the agent's connection broke", e);
                return Ending.AGENT_GONE;
            }
            if (request == null) {
                return Ending.AGENT_GONE;
            }
            if (request.hasShutdown()) {
                return Ending.SHUT_DOWN;
            }
            try {
                answer(request);
            } catch (IOException e) {
                if (gone) {
                    return Ending.AGENT_GONE;
                }
                throw e;
            }
        }
    }

    /**
     * Closes the connections and the region, and releases the runtime. Call it on the thread that
     * served.
     */
    @Override
    public void close() {
        gone = true;
        gate.raiseAll();
        keyValues.close();
        closeQuietly(main);
        closeQuietly(side);
        try {
            committer.drain();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        committer.close();
        JobSession current = session;
        if (current != null) {
            current.close();
            session = null;
        }
    }

    private void answer(ToWorker request) throws IOException {
        FromWorker.Builder answer = FromWorker.newBuilder().setRequestId(request.getRequestId());
        try {
            handle(request, answer);
        } catch (RuntimeFault e) {
            reply(answer.setFault(Translation.fault(e)));
        } catch (OutOfMemoryError e) {
            distrustLive();
            reply(
                    answer.setFault(
                            Translation.fault(
                                    new RuntimeFault(
                                            RuntimeFault.Code.OUT_OF_MEMORY,
                                            "the worker's Java heap is too small (%s); it may take %d MiB: raise the worker's -Xmx or lower the model's size"
                                                    .formatted(
                                                            e.getMessage(),
                                                            Runtime.getRuntime().maxMemory()
                                                                    >> 20)))));
        } catch (RuntimeException e) {
            LOG.error("the runtime failed in {}", activity, e);
            distrustLive();
            reply(
                    answer.setFault(
                            Translation.fault(
                                            new RuntimeFault(
                                                    RuntimeFault.Code.INTERNAL,
                                                    "the runtime failed in %s of step %d: %s"
                                                            .formatted(
                                                                    activity.operation(),
                                                                    activity.step(),
                                                                    e)))
                                    .toBuilder()
                                    .setTraceback(Translation.traceback(e))));
        } finally {
            activity = Activity.IDLE;
        }
    }

    private void handle(ToWorker request, FromWorker.Builder answer)
            throws IOException, RuntimeFault {
        switch (request.getBodyCase()) {
            case LOAD_JOB -> reply(answer.setJobLoaded(load(request.getLoadJob())));
            case PREPARE_VIEW -> {
                var body = request.getPrepareView();
                if (!aborted(body.getEpoch(), body.getBaseStep(), answer)) {
                    reply(answer.setViewPrepared(session().prepareView(body)));
                }
            }
            case EXECUTE -> {
                var body = request.getExecute();
                if (!aborted(body.getEpoch(), body.getStep(), answer)) {
                    Optional<io.coxswain.proto.bridge.v1.Executed> done = session().execute(body);
                    if (done.isPresent()) {
                        reply(answer.setExecuted(done.get()));
                    } else {
                        sendAborted(body.getEpoch(), body.getStep(), answer);
                    }
                }
            }
            case APPLY -> {
                var body = request.getApply();
                if (!aborted(body.getEpoch(), body.getStep(), answer)) {
                    apply(body, answer);
                }
            }
            case SNAPSHOT -> {
                var body = request.getSnapshot();
                if (!aborted(body.getEpoch(), body.getStep(), answer)) {
                    commit(
                            request.getRequestId(),
                            body.getSlotIndex(),
                            session()
                                    .snapshot(
                                            body.getEpoch(), body.getStep(), body.getSlotIndex()));
                }
            }
            case FINISH -> {
                var body = request.getFinish();
                if (!aborted(body.getEpoch(), body.getStep(), answer)) {
                    reply(answer.setFinished(session().finish(body)));
                }
            }
            case WELCOME, REFUSED, SHUTDOWN, BODY_NOT_SET ->
                    throw new RuntimeFault(
                            RuntimeFault.Code.BAD_REQUEST,
                            "a request of kind %s makes no sense here (or this version does not know it)"
                                    .formatted(request.getBodyCase()));
        }
    }

    private io.coxswain.proto.bridge.v1.JobLoaded load(LoadJob request) throws RuntimeFault {
        TrainingJob job = Translation.job(request.getJob());
        if (!request.getJob().getRuntimeKind().equals(factory.kind())) {
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "the job asks for runtime %s; this worker is a %s"
                            .formatted(request.getJob().getRuntimeKind(), factory.kind()));
        }
        if (request.getJob().getCollectivesAcross().equals("runtime")) {
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "field `collectives.across` is 'runtime', and the runtime '%s' leaves the reduction between hosts to the agents: set `collectives.across: agent`"
                            .formatted(factory.kind()));
        }
        JobSession current = session;
        if (current == null || !current.job().equals(job)) {
            if (current != null) {
                session = null;
                drain();
                current.close();
            }
            TrainingRuntime runtime = factory.create();
            runtime.reportTo(metrics);
            current =
                    new JobSession(job, runtime, gate, committer, keyValues, now -> activity = now);
            session = current;
        }
        return current.loaded(request.getWarmUp());
    }

    private void apply(io.coxswain.proto.bridge.v1.Apply request, FromWorker.Builder answer)
            throws IOException, RuntimeFault {
        JobSession.AppliedStep step = session().apply(request);
        long requestId = answer.getRequestId();
        reply(answer.setApplied(step.answer()));
        JobSession.Begun begun = step.begun();
        String fault = step.snapshotFault();
        if (begun != null) {
            commit(requestId, request.getSlotIndex(), begun);
        } else if (fault != null) {
            sendSnapshot(
                    requestId,
                    SnapshotCommitted.newBuilder()
                            .setEpoch(request.getEpoch())
                            .setStep(request.getStep())
                            .setSlotIndex(request.getSlotIndex())
                            .setFailed(true)
                            .setReason(fault));
        }
    }

    private void commit(long requestId, int slot, JobSession.Begun begun) {
        var meta = begun.writer().meta();
        SnapshotCommitted.Builder committed =
                SnapshotCommitted.newBuilder()
                        .setEpoch(meta.epoch())
                        .setStep(meta.step())
                        .setSlotIndex(slot)
                        .setBytes(meta.dataBytes());
        committer.commit(
                begun.writer(),
                begun.capture(),
                new SnapshotCommitter.Listener() {
                    @Override
                    public void committed(byte[] digest) {
                        sendSnapshot(requestId, committed.setDigest(ByteString.copyFrom(digest)));
                    }

                    @Override
                    public void failed(String reason) {
                        sendSnapshot(requestId, committed.setFailed(true).setReason(reason));
                    }
                });
    }

    private void sendSnapshot(long requestId, SnapshotCommitted.Builder committed) {
        try {
            send(FromWorker.newBuilder().setRequestId(requestId).setSnapshotCommitted(committed));
        } catch (IOException e) {
            // The main thread sees the same broken connection and ends.
            LOG.debug("the agent's connection broke", e);
        }
    }

    private boolean aborted(long epoch, long step, FromWorker.Builder answer) throws IOException {
        if (!gate.isAborted(epoch)) {
            return false;
        }
        sendAborted(epoch, step, answer);
        return true;
    }

    private void sendAborted(long epoch, long step, FromWorker.Builder answer) throws IOException {
        reply(answer.setAborted(Aborted.newBuilder().setEpoch(epoch).setStep(step)));
    }

    // Who reads the answer may ask at once what goes on here: by then it is over.
    private void reply(FromWorker.Builder answer) throws IOException {
        activity = Activity.IDLE;
        if (answer.hasFinished()
                || answer.hasFault()
                || System.nanoTime() - metricsSentNanos >= BETWEEN_METRICS_NANOS) {
            sendMetrics();
        }
        send(answer);
    }

    /** Before the answer of the step in which they were measured, and while one lasts. */
    private void sendMetrics() throws IOException {
        metricsSentNanos = System.nanoTime();
        Optional<io.coxswain.proto.bridge.v1.Metrics> fresh = metrics.take();
        if (fresh.isPresent()) {
            send(FromWorker.newBuilder().setMetrics(fresh.get()));
        }
    }

    private void send(FromWorker.Builder message) throws IOException {
        main.send(message.build());
    }

    private JobSession session() throws RuntimeFault {
        JobSession current = session;
        if (current == null) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_STATE, "no job has been loaded in this worker");
        }
        return current;
    }

    private void distrustLive() {
        JobSession current = session;
        if (current != null) {
            current.distrustLive();
        }
    }

    private void drain() throws RuntimeFault {
        try {
            committer.drain();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RuntimeFault(
                    RuntimeFault.Code.INTERNAL, "interrupted while snapshots were completed", e);
        }
    }

    private static Hello hello(String token, String kind, boolean sideChannel) {
        return Hello.newBuilder()
                .setProtocolMajor(PROTOCOL_MAJOR)
                .setProtocolMinor(PROTOCOL_MINOR)
                .setRuntimeKind(kind)
                .setPid(ProcessHandle.current().pid())
                .setToken(token)
                .setSideChannel(sideChannel)
                .build();
    }

    private static void requireWelcome(Path socket, int protocolMajor) throws ProtocolException {
        if (protocolMajor == 0) {
            throw new ProtocolException(
                    "the agent at %s did not welcome this worker: its token was refused, or the agent is closing"
                            .formatted(socket));
        }
        if (protocolMajor != PROTOCOL_MAJOR) {
            throw new ProtocolException(
                    "the agent at %s speaks bridge protocol %d, this worker %d: build both from the same version"
                            .formatted(socket, protocolMajor, PROTOCOL_MAJOR));
        }
    }

    private static FrameChannel open(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new FrameChannel(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw new IOException("cannot connect to the agent at %s: %s".formatted(socket, e), e);
        }
    }

    private static void closeQuietly(FrameChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a bridge connection failed", e);
        }
    }
}
