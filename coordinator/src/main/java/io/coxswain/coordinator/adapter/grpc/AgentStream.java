package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.security.Identity;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/**
 * One agent's stream. Inbound messages arrive one at a time on a gRPC thread; outbound ones are
 * queued by the decision loop and leave while the transport is ready, so that the loop never waits.
 * A full queue means that the agent does not read: the stream is closed.
 */
final class AgentStream implements StreamObserver<AgentMessage> {
    static final int MAX_QUEUED = 4_096;

    private final long id;
    private final @Nullable Identity caller;
    private final Inputs inputs;
    private final VersionDesk versions;
    private final Runnable onEnd;
    private final ServerCallStreamObserver<CoordinatorMessage> out;
    private final ArrayDeque<CoordinatorMessage> queue = new ArrayDeque<>();
    private @Nullable AgentKey agent;
    private boolean attached;
    private boolean closing;
    private boolean completed;
    private boolean ended;

    /**
     * @param caller by its certificate; null: there is no TLS
     */
    AgentStream(
            long id,
            @Nullable Identity caller,
            Inputs inputs,
            VersionDesk versions,
            ServerCallStreamObserver<CoordinatorMessage> out,
            Runnable onEnd) {
        this.id = id;
        this.caller = caller;
        this.inputs = inputs;
        this.versions = versions;
        this.out = out;
        this.onEnd = onEnd;
        out.setOnReadyHandler(this::drain);
        out.setOnCancelHandler(() -> end("the stream was reset"));
    }

    @Override
    public void onNext(AgentMessage message) {
        try {
            AgentKey speaker = ControlCodec.agentKey(message.getAgent());
            if (agent == null) {
                attach(speaker, message);
            } else if (!agent.equals(speaker)) {
                throw new IllegalArgumentException(
                        "agent " + speaker + " spoke on the stream of agent " + agent);
            } else {
                AgentWord word = ControlCodec.word(speaker, message);
                if (word instanceof AgentWord.Unknown(int field)) {
                    versions.dropped(speaker, field);
                }
                inputs.put(new CoordinatorInput.AgentSaid(id, message.getTermSeen(), word));
            }
        } catch (IllegalArgumentException broken) {
            String reason = broken.getMessage() == null ? broken.toString() : broken.getMessage();
            fail(Status.INVALID_ARGUMENT.withDescription(reason), reason);
        } catch (SecurityException forged) {
            String reason = String.valueOf(forged.getMessage());
            fail(Status.PERMISSION_DENIED.withDescription(reason), reason);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            fail(Status.UNAVAILABLE.withDescription("the coordinator stops"), "stopping");
        }
    }

    private void attach(AgentKey speaker, AgentMessage message) throws InterruptedException {
        if (!message.hasAttach()) {
            throw new IllegalArgumentException(
                    "the first message of a stream must be attach, agent "
                            + speaker
                            + " sent "
                            + message.getBodyCase());
        }
        if (caller != null && !caller.name().equals(speaker.id())) {
            throw new SecurityException(
                    "agent "
                            + speaker
                            + " attached with the certificate of "
                            + caller
                            + ": it is good for that agent only (coxswain certs issue agent --id "
                            + speaker.id()
                            + ")");
        }
        Attach attach = message.getAttach();
        String refusal = versions.refusal(speaker, attach);
        if (!refusal.isEmpty()) {
            sendAndClose(CoordinatorMessages.rejected(0, refusal, false));
            return;
        }
        AgentProfile profile = ControlCodec.profile(message.getAgent(), attach);
        var input =
                new CoordinatorInput.AgentAttached(
                        id,
                        message.getTermSeen(),
                        profile,
                        attach.getLabelsMap(),
                        attach.getJobId(),
                        ControlCodec.inventory(attach.getInventory()),
                        attach.getJobTimeNanos(),
                        attach.hasStanding() ? ControlCodec.standing(attach.getStanding()) : null,
                        new CoordinatorStatus.AgentProcess(
                                attach.getHost(),
                                attach.getPid(),
                                attach.getWorkerLogs(),
                                attach.getRelease()));
        agent = speaker;
        synchronized (this) {
            attached = true;
        }
        inputs.put(input);
    }

    @Override
    public void onError(Throwable error) {
        end(error.getMessage() == null ? error.toString() : error.getMessage());
    }

    @Override
    public void onCompleted() {
        end("the agent closed the stream");
        synchronized (this) {
            closing = true;
        }
        drain();
    }

    /** Queues a message; loop thread. */
    void send(CoordinatorMessage message) {
        boolean full;
        synchronized (this) {
            if (closing) {
                return;
            }
            full = queue.size() >= MAX_QUEUED;
            if (!full) {
                queue.add(message);
            }
        }
        if (full) {
            fail(
                    Status.RESOURCE_EXHAUSTED.withDescription(
                            MAX_QUEUED + " messages wait: the agent does not read"),
                    "the agent does not read: " + MAX_QUEUED + " messages wait");
        } else {
            drain();
        }
    }

    /** Queues a last message and closes once it has left. */
    void sendAndClose(CoordinatorMessage message) {
        synchronized (this) {
            if (closing) {
                return;
            }
            queue.add(message);
            closing = true;
        }
        drain();
    }

    /** Closes with that status. */
    void close(String reason) {
        fail(Status.UNAVAILABLE.withDescription(reason), reason);
    }

    private void drain() {
        if (drained()) {
            end("closed by the coordinator");
        }
    }

    // gRPC's observers are not thread-safe: everything outbound happens under this lock, and
    // nothing
    // under it blocks.
    private synchronized boolean drained() {
        if (out.isCancelled()) {
            queue.clear();
            return false;
        }
        while (!queue.isEmpty() && out.isReady()) {
            out.onNext(queue.remove());
        }
        if (!closing || completed || !queue.isEmpty()) {
            return false;
        }
        completed = true;
        out.onCompleted();
        return true;
    }

    private void fail(Status status, String detail) {
        synchronized (this) {
            closing = true;
            queue.clear();
            if (!completed && !out.isCancelled()) {
                completed = true;
                out.onError(status.asRuntimeException());
            }
        }
        end(detail);
    }

    private void end(String detail) {
        boolean tell;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            tell = attached;
        }
        onEnd.run();
        if (tell) {
            inputs.offer(new CoordinatorInput.StreamClosed(id, detail));
        }
    }
}
