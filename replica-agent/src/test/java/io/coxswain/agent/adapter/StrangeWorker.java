package io.coxswain.agent.adapter;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.Applied;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.KeyValueAdd;
import io.coxswain.proto.control.v1.KeyValueOperation;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/** A worker process that agents must not put up with. */
public final class StrangeWorker {
    /** What it does. */
    enum Manner {
        SAYS_NOTHING,
        SPEAKS_VERSION_2,
        ANSWERS_FOR_THE_EPOCH_BEFORE,
        ANSWERS_TWICE,
        ANSWERS_BY_ANOTHER_KIND,
        SENDS_GARBAGE,
        /** Asks the key-value store, and ends with the answer as its last words. */
        ASKS_THE_STORE,
        /** Asks the key-value store for what nobody knows, and ends in the same way. */
        ASKS_FOR_NONSENSE,
        DOES_NOT_READ_ANSWERS
    }

    private StrangeWorker() {}

    /** The argument is a {@link Manner}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Manner manner = Manner.valueOf(args[0]);
        System.out.println("strange worker: " + manner);
        if (manner == Manner.SAYS_NOTHING) {
            new CountDownLatch(1).await();
        }
        FrameChannel main = open();
        main.send(FromWorker.newBuilder().setHello(hello(manner, false)).build());
        ToWorker unusedWelcome = main.receive(ToWorker.parser());
        FrameChannel side = open();
        side.send(FromWorkerSide.newBuilder().setHello(hello(manner, true)).build());
        ToWorkerSide unusedSideWelcome = side.receive(ToWorkerSide.parser());
        while (true) {
            @Nullable ToWorker request = main.receive(ToWorker.parser());
            if (request == null || request.hasShutdown()) {
                return;
            }
            if (manner == Manner.ASKS_THE_STORE || manner == Manner.ASKS_FOR_NONSENSE) {
                System.out.println(ask(manner, side));
                System.exit(1);
            }
            answer(manner, request, main);
        }
    }

    private static void answer(Manner manner, ToWorker request, FrameChannel main)
            throws IOException {
        FromWorker.Builder answer = FromWorker.newBuilder().setRequestId(request.getRequestId());
        Executed.Builder executed =
                Executed.newBuilder()
                        .setEpoch(request.getExecute().getEpoch())
                        .setStep(request.getExecute().getStep());
        switch (manner) {
            case SAYS_NOTHING,
                    SPEAKS_VERSION_2,
                    ASKS_THE_STORE,
                    ASKS_FOR_NONSENSE,
                    DOES_NOT_READ_ANSWERS -> {}
            case ANSWERS_FOR_THE_EPOCH_BEFORE ->
                    main.send(
                            answer.setExecuted(executed.setEpoch(executed.getEpoch() - 1)).build());
            case ANSWERS_TWICE -> {
                main.send(answer.setExecuted(executed).build());
                main.send(answer.build());
            }
            case ANSWERS_BY_ANOTHER_KIND ->
                    main.send(answer.setApplied(Applied.newBuilder()).build());
            // As FromWorker: a JobLoaded whose layout is longer than the message.
            case SENDS_GARBAGE -> main.send(Hello.newBuilder().setRuntimeKind("\n\u007f").build());
        }
    }

    private static String ask(Manner manner, FrameChannel side) throws IOException {
        KeyValueOperation.Builder operation = KeyValueOperation.newBuilder();
        if (manner == Manner.ASKS_THE_STORE) {
            operation.setAdd(KeyValueAdd.newBuilder().setKey("k").setAmount(3));
        }
        side.send(
                FromWorkerSide.newBuilder()
                        .setKeyValueRequest(
                                KeyValueRequest.newBuilder()
                                        .setId(41)
                                        .setEpoch(5)
                                        .setOperation(operation))
                        .build());
        while (true) {
            @Nullable ToWorkerSide message = side.receive(ToWorkerSide.parser());
            if (message == null) {
                return "no answer";
            }
            if (message.hasKeyValueAnswer()) {
                KeyValueAnswer answer = message.getKeyValueAnswer();
                return "answer to %d: %d %s"
                        .formatted(
                                answer.getId(),
                                answer.getResult().getNumber(),
                                answer.getResult().getCode());
            }
        }
    }

    private static FrameChannel open() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(variable(WorkerMain.SOCKET_VARIABLE)));
        return new FrameChannel(channel);
    }

    private static String variable(String name) {
        return Objects.requireNonNull(System.getenv(name), name);
    }

    private static Hello hello(Manner manner, boolean side) {
        return Hello.newBuilder()
                .setProtocolMajor(manner == Manner.SPEAKS_VERSION_2 ? 2 : 1)
                .setRuntimeKind("strange")
                .setPid(ProcessHandle.current().pid())
                .setToken(variable(WorkerMain.TOKEN_VARIABLE))
                .setSideChannel(side)
                .build();
    }
}
