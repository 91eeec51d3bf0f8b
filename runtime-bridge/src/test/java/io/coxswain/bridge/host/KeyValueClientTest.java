package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.spi.ViewStore;
import io.coxswain.bridge.spi.ViewStoreException;
import io.coxswain.bridge.spi.ViewStoreException.Code;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.KeyValueAnswer;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.KeyValueOperation;
import io.coxswain.proto.control.v1.KeyValueResult;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** A worker's use of its view's store; the test is the agent. */
class KeyValueClientTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir Path folder;

    private final AbortGate gate = new AbortGate();
    private final CountDownLatch ended = new CountDownLatch(1);
    private FrameChannel agent;
    private KeyValueClient client;
    private ViewStore store;

    /** An operation of the store's. */
    @FunctionalInterface
    private interface Call<T> {
        T run() throws ViewStoreException;
    }

    @BeforeEach
    void connect() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            FrameChannel side =
                    new FrameChannel(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
            agent = new FrameChannel(server.accept());
            client = new KeyValueClient(side, gate);
            store = client.of(7);
            new SideChannel(side, gate, client, () -> Activity.IDLE, () -> {}, ended::countDown)
                    .start();
        }
    }

    @AfterEach
    void hangUp() throws Exception {
        agent.close();
        ended.await();
    }

    private static <T> CompletableFuture<T> start(Call<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        result.complete(call.run());
                    } catch (Throwable e) {
                        result.completeExceptionally(e);
                    }
                });
        return result;
    }

    private KeyValueRequest asked() throws IOException {
        return Objects.requireNonNull(agent.receive(FromWorkerSide.parser())).getKeyValueRequest();
    }

    private void answer(long id, KeyValueResult.Builder result) throws IOException {
        agent.send(
                ToWorkerSide.newBuilder()
                        .setKeyValueAnswer(KeyValueAnswer.newBuilder().setId(id).setResult(result))
                        .build());
    }

    private KeyValueOperation operation(Call<?> call, KeyValueResult.Builder result)
            throws Exception {
        CompletableFuture<?> done = start(call);
        KeyValueRequest request = asked();
        assertThat(request.getEpoch()).isEqualTo(7);
        answer(request.getId(), result);
        var _ = done.get();
        return request.getOperation();
    }

    private static KeyValueResult.Builder value(String text) {
        return KeyValueResult.newBuilder().addValues(ByteString.copyFromUtf8(text));
    }

    private static void assertRefused(CompletableFuture<?> call, Code code) {
        assertThat(catchThrowable(call::get))
                .hasCauseInstanceOf(ViewStoreException.class)
                .cause()
                .isInstanceOfSatisfying(
                        ViewStoreException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(code));
    }

    @Test
    void eachOperationIsAskedFor() throws Exception {
        KeyValueOperation set =
                operation(
                        () -> {
                            store.set("k", new byte[] {0, -1});
                            return "set";
                        },
                        KeyValueResult.newBuilder());
        assertThat(set.getSet().getKey()).isEqualTo("k");
        assertThat(set.getSet().getValue().toByteArray()).containsExactly(0, -1);
        assertThat(operation(() -> store.get("k", MINUTE), value("v")).getGet())
                .satisfies(get -> {
                    assertThat(get.getKeysList()).containsExactly("k");
                    assertThat(get.getWaitNanos()).isEqualTo(60_000_000_000L);
                });
        // No time is a wait that ends at once, not a question that is answered "not found".
        assertThat(operation(() -> store.get("k", Duration.ZERO), value("v")).getGet())
                .satisfies(get -> assertThat(get.getWaitNanos()).isEqualTo(1));
        assertThat(operation(() -> store.tryGet("k"), value("v")).getGet().getWaitNanos()).isZero();
        assertThat(
                        operation(
                                        () -> store.add("n", -2),
                                        KeyValueResult.newBuilder().setNumber(5))
                                .getAdd()
                                .getAmount())
                .isEqualTo(-2);
        assertThat(
                        operation(() -> store.delete("k"), KeyValueResult.newBuilder())
                                .getDelete()
                                .getKey())
                .isEqualTo("k");
    }

    @Test
    void answersFindTheirCallersInAnyOrder() throws Exception {
        Map<String, CompletableFuture<byte[]>> calls = new HashMap<>();
        for (int i = 0; i < 8; i++) {
            String key = "k" + i;
            calls.put(key, start(() -> store.get(key, MINUTE)));
        }
        List<KeyValueRequest> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            requests.add(asked());
        }
        for (KeyValueRequest request : requests.reversed()) {
            answer(request.getId(), value(request.getOperation().getGet().getKeys(0)));
        }
        for (var call : calls.entrySet()) {
            assertThat(new String(call.getValue().get(), UTF_8)).isEqualTo(call.getKey());
        }
    }

    @Test
    void whatIsAbsentIsNoError() throws Exception {
        CompletableFuture<Boolean> absent = start(() -> store.tryGet("k").isEmpty());
        answer(asked().getId(), KeyValueResult.newBuilder().setCode("not_found"));
        assertThat(absent.get()).isTrue();
    }

    @Test
    void codesBecomeExceptions() throws Exception {
        for (var expected :
                Map.of(
                                "timed_out",
                                Code.TIMED_OUT,
                                "epoch_over",
                                Code.EPOCH_OVER,
                                "value_too_large",
                                Code.TOO_MUCH,
                                "store_full",
                                Code.TOO_MUCH,
                                "bad_request",
                                Code.BAD_REQUEST,
                                "of a later version",
                                Code.UNAVAILABLE)
                        .entrySet()) {
            CompletableFuture<byte[]> call = start(() -> store.get("k", MINUTE));
            answer(
                    asked().getId(),
                    KeyValueResult.newBuilder().setCode(expected.getKey()).setMessage("why"));
            assertRefused(call, expected.getValue());
            assertThat(catchThrowable(call::get)).hasMessageContaining("why");
        }
    }

    @Test
    void anAbortEndsWhatWaitsInOlderEpochs() throws Exception {
        CompletableFuture<byte[]> old = start(() -> store.get("k", MINUTE));
        CompletableFuture<byte[]> current = start(() -> client.of(8).get("k", MINUTE));
        List<KeyValueRequest> requests = List.of(asked(), asked());
        agent.send(ToWorkerSide.newBuilder().setAbort(Abort.newBuilder().setBelowEpoch(8)).build());
        assertRefused(old, Code.EPOCH_OVER);
        assertRefused(start(() -> store.add("n", 1)), Code.EPOCH_OVER);
        for (KeyValueRequest request : requests) {
            answer(request.getId(), value("v"));
        }
        assertThat(current.get()).isEqualTo("v".getBytes(UTF_8));
    }

    @Test
    void withoutAnAgentNobodyWaits() throws Exception {
        CompletableFuture<byte[]> call = start(() -> store.get("k", MINUTE));
        var _ = asked();
        agent.close();
        assertRefused(call, Code.UNAVAILABLE);
    }

    @Test
    void aValueThatNoFrameTakesIsRefusedHere() {
        assertRefused(
                start(() -> {
                    store.set("k", new byte[FrameChannel.MAX_MESSAGE_BYTES]);
                    return "set";
                }),
                Code.TOO_MUCH);
    }
}
