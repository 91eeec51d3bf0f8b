package io.coxswain.bridge.host;

import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.function.Supplier;

/**
 * Answers heartbeats, takes aborts and answers of the key-value store on a thread of its own,
 * whatever the main thread does.
 */
final class SideChannel {
    private final FrameChannel channel;
    private final AbortGate gate;
    private final KeyValueClient keyValues;
    private final Supplier<Activity> activity;
    private final AfterPong afterPong;
    private final Runnable ended;

    /** What is done once a heartbeat has been answered. */
    interface AfterPong {
        void run() throws IOException;
    }

    /**
     * Does not start yet.
     *
     * @param ended called on the thread when the connection ends, for whatever reason
     */
    SideChannel(
            FrameChannel channel,
            AbortGate gate,
            KeyValueClient keyValues,
            Supplier<Activity> activity,
            AfterPong afterPong,
            Runnable ended) {
        this.afterPong = afterPong;
        this.channel = channel;
        this.gate = gate;
        this.keyValues = keyValues;
        this.activity = activity;
        this.ended = ended;
    }

    void start() {
        Thread.ofPlatform().name("bridge-side").daemon().start(this::run);
    }

    private void run() {
        try {
            serve();
        } catch (IOException e) {
            // The agent closed the connection or broke the protocol: either way there is nobody to
            // serve.
        } finally {
            keyValues.close();
            ended.run();
        }
    }

    private void serve() throws IOException {
        while (true) {
            @Nullable ToWorkerSide message = channel.receive(ToWorkerSide.parser());
            if (message == null) {
                return;
            }
            switch (message.getBodyCase()) {
                case PING -> {
                    Activity now = activity.get();
                    channel.send(
                            FromWorkerSide.newBuilder()
                                    .setPong(
                                            Pong.newBuilder()
                                                    .setSequence(message.getPing().getSequence())
                                                    .setOperation(now.operation())
                                                    .setStep(now.step()))
                                    .build());
                    afterPong.run();
                }
                case ABORT -> {
                    gate.raise(message.getAbort().getBelowEpoch());
                    keyValues.aborted();
                }
                case KEY_VALUE_ANSWER -> keyValues.answered(message.getKeyValueAnswer());
                case STACKS_WANTED, VIEW_SERVICE_ANSWER, WELCOME, BODY_NOT_SET -> {
                    // A signal takes a JVM's stacks. Not asked for; a later version may send more,
                    // so it is not an error.
                }
            }
        }
    }
}
