package io.coxswain.chaos.words;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.scenario.WordEffect;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

class WordsInterceptorTest {
    private static final MethodDescriptor<String, String> METHOD =
            MethodDescriptor.<String, String>newBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName("test/Talk")
                    .setRequestMarshaller(new NoMarshaller())
                    .setResponseMarshaller(new NoMarshaller())
                    .build();

    private static final class NoMarshaller implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            throw new AssertionError("nothing is sent");
        }

        @Override
        public String parse(InputStream stream) {
            throw new AssertionError("nothing is received");
        }
    }

    /** The transport: keeps what is sent. */
    private static final class Wire extends ClientCall<String, String> {
        final BlockingQueue<String> sent = new LinkedBlockingQueue<>();
        final List<Integer> requested = Collections.synchronizedList(new ArrayList<>());
        @Nullable Listener<String> listener;
        boolean halfClosed;

        @Override
        public void start(Listener<String> responses, Metadata headers) {
            listener = responses;
        }

        @Override
        public void request(int messages) {
            requested.add(messages);
        }

        @Override
        public void cancel(@Nullable String message, @Nullable Throwable cause) {}

        @Override
        public void halfClose() {
            halfClosed = true;
        }

        @Override
        public void sendMessage(String message) {
            sent.add(message);
        }
    }

    private final Wire wire = new Wire();
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private List<Disturbance> disturbances = List.of();
    private final ClientCall<String, String> call =
            new WordsInterceptor(() -> disturbances)
                    .interceptCall(
                            METHOD,
                            CallOptions.DEFAULT,
                            new Channel() {
                                @Override
                                @SuppressWarnings("unchecked")
                                public <Q, A> ClientCall<Q, A> newCall(
                                        MethodDescriptor<Q, A> method, CallOptions options) {
                                    return (ClientCall<Q, A>) wire;
                                }

                                @Override
                                public String authority() {
                                    return "test";
                                }
                            });

    private void open() {
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(String message) {
                        heard.add(message);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        heard.add(status.getCode().name());
                    }
                },
                new Metadata());
        call.sendMessage("attach");
    }

    private void disturb(WordEffect.Kind kind, Duration latest) {
        disturbances = List.of(new Disturbance(new WordEffect(kind, 1, latest, 7)));
    }

    private ClientCall.Listener<String> leader() {
        ClientCall.Listener<String> listener = wire.listener;
        if (listener == null) {
            throw new AssertionError("the call was not started");
        }
        return listener;
    }

    private static String take(BlockingQueue<String> queue) throws InterruptedException {
        String next = queue.poll(20, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing came");
        }
        return next;
    }

    @Test
    void wordsComeTwiceInBothDirectionsButNotTheOneThatOpensTheStream() throws Exception {
        disturb(WordEffect.Kind.DUPLICATE, Duration.ofMillis(5));
        open();
        call.sendMessage("progress");
        leader().onMessage("welcome");

        assertThat(List.of(take(wire.sent), take(wire.sent), take(wire.sent)))
                .containsExactly("attach", "progress", "progress");
        assertThat(List.of(take(heard), take(heard))).containsExactly("welcome", "welcome");
        assertThat(wire.sent).isEmpty();
    }

    @Test
    void aWordThatWaitsDoesNotStopTheOthersFromComing() throws Exception {
        disturb(WordEffect.Kind.REORDER, Duration.ofHours(1));
        open();
        leader().onMessage("first");
        assertThat(heard).isEmpty();
        assertThat(wire.requested).containsExactly(1);

        disturbances = List.of();
        leader().onMessage("second");
        leader().onMessage("third");
        leader().onMessage("fourth");

        assertThat(List.of(take(heard), take(heard), take(heard), take(heard)))
                .containsExactlyInAnyOrder("first", "second", "third", "fourth")
                .startsWith("second");
    }

    @Test
    void aLateWordComesByItself() throws Exception {
        disturb(WordEffect.Kind.DELAY, Duration.ofMillis(5));
        open();
        call.sendMessage("one");
        call.sendMessage("two");

        assertThat(List.of(take(wire.sent), take(wire.sent), take(wire.sent)))
                .containsExactly("attach", "one", "two");
    }

    @Test
    void whatWaitsGoesOutBeforeTheEnd() throws Exception {
        disturb(WordEffect.Kind.REORDER, Duration.ofHours(1));
        open();
        call.sendMessage("goodbye");
        leader().onMessage("last");
        call.halfClose();
        leader().onClose(Status.OK, new Metadata());

        assertThat(wire.sent).containsExactly("attach", "goodbye");
        assertThat(wire.halfClosed).isTrue();
        assertThat(List.of(take(heard), take(heard))).containsExactly("last", "OK");
    }
}
