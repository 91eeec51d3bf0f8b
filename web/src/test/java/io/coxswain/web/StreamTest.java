package io.coxswain.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

final class StreamTest {
    private static final String FOLLOW = "GET /follow HTTP/1.1\r\nHost: localhost\r\n";

    @Test
    void messagesArriveAsTheyAreSent() throws IOException {
        try (WebServer server =
                        serve(
                                WebLimits.defaults(),
                                (request, viewer) -> {
                                    String last = request.header("Last-Event-ID");
                                    viewer.offer(
                                            EventBytes.builder()
                                                    .add("hello", bytes("after " + last))
                                                    .add(
                                                            "7",
                                                            "two",
                                                            bytes("one\nline two\r\nthree\rfour"))
                                                    .build());
                                    viewer.close();
                                });
                var viewer = new RawClient(server.port())) {
            viewer.say(FOLLOW + "Last-Event-ID: 41\r\n\r\n");
            RawClient.Answer head = viewer.head();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type")).startsWith("text/event-stream");
            assertThat(head.header("cache-control")).isEqualTo("no-store");
            assertThat(viewer.next("event: ")).isEqualTo("hello");
            assertThat(viewer.next("data: ")).isEqualTo("after 41");
            assertThat(viewer.next("id: ")).isEqualTo("7");
            assertThat(viewer.next("event: ")).isEqualTo("two");
            assertThat(viewer.line()).isEqualTo("data: one");
            assertThat(viewer.line()).isEqualTo("data: line two");
            assertThat(viewer.line()).isEqualTo("data: three");
            assertThat(viewer.line()).isEqualTo("data: four");
            assertThat(viewer.line()).isEmpty();
            // The handler closed it: the stream ends.
            assertThat(viewer.skipToEnd()).isNotNegative();
        }
    }

    @Test
    void manyAreToldTheSame() throws IOException {
        var viewers = new LinkedBlockingQueue<Viewer>();
        EventBytes message = EventBytes.builder().add("hello", bytes("you")).build();
        try (WebServer server = serve(WebLimits.defaults(), (_, viewer) -> viewers.add(viewer));
                var one = new RawClient(server.port());
                var two = new RawClient(server.port())) {
            for (RawClient client : new RawClient[] {one, two}) {
                client.say(FOLLOW + "\r\n");
                client.head();
                assertThat(take(viewers).offer(message)).isTrue();
            }
            assertThat(one.next("data: ")).isEqualTo("you");
            assertThat(two.next("data: ")).isEqualTo("you");
        }
    }

    @Test
    void namesAndIdsThatWouldBreakTheFormatAreRefused() {
        EventBytes.Builder builder = EventBytes.builder();
        assertThatThrownBy(() -> builder.add("two\nlines", bytes("")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.add("a b", "name", bytes("")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(builder.isEmpty()).isTrue();
    }

    @Test
    void headOfAStreamIsBare() throws IOException {
        try (WebServer server = serve(WebLimits.defaults(), (_, _) -> {});
                var client = new RawClient(server.port())) {
            client.say("HEAD /follow HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(client.head().status()).isEqualTo(200);
            assertThat(client.skipToEnd()).isZero();
        }
    }

    @Test
    void commentsComeWhenThereIsNothingToSay() throws IOException {
        WebLimits limits =
                WebLimits.defaults().withViewer(Duration.ofSeconds(30), Duration.ofMillis(20));
        try (WebServer server = serve(limits, (_, _) -> {});
                var viewer = new RawClient(server.port())) {
            viewer.say(FOLLOW + "\r\n");
            viewer.head();
            assertThat(viewer.next(":")).isEmpty();
            assertThat(viewer.next(":")).isEmpty();
        }
    }

    @Test
    void aHandlerInTroubleEndsTheStream() throws IOException {
        try (WebServer server =
                        serve(
                                WebLimits.defaults(),
                                (_, _) -> {
                                    throw new IllegalStateException("as tested");
                                });
                var viewer = new RawClient(server.port())) {
            viewer.say(FOLLOW + "\r\n");
            viewer.head();
            assertThat(viewer.skipToEnd()).isNotNegative();
        }
    }

    @Test
    void aViewerThatTakesNothingIsDroppedAndOthersAreNot() throws IOException {
        var stalling = new CompletableFuture<Viewer>();
        var fine = new CompletableFuture<Viewer>();
        EventBytes large = EventBytes.builder().add("large", bytes("x".repeat(8 << 20))).build();
        EventBytes small = EventBytes.builder().add("small", bytes("one")).build();
        WebLimits limits =
                WebLimits.defaults().withViewer(Duration.ofMillis(300), Duration.ofSeconds(10));
        try (WebServer server =
                        serve(
                                limits,
                                (request, viewer) ->
                                        (request.query().containsKey("fine") ? fine : stalling)
                                                .complete(viewer));
                var reader = new RawClient(server.port());
                var stalled = new RawClient(server.port())) {
            reader.say("GET /follow?fine HTTP/1.1\r\nHost: localhost\r\n\r\n");
            reader.head();
            stalled.say(FOLLOW + "\r\n");
            stalled.head();
            var dropped = new CompletableFuture<Void>();
            stalling.join().whenGone(() -> dropped.complete(null));
            assertThat(stalling.join().offer(large)).isTrue();
            assertThat(stalling.join().offer(large)).as("nothing queues").isFalse();
            dropped.join();
            assertThat(stalled.skipToEnd()).as("it is cut off").isLessThan(8 << 20);
            assertThat(fine.join().offer(small)).isTrue();
            assertThat(reader.next("data: ")).isEqualTo("one");
        }
    }

    @Test
    void oneViewerTooManyIsToldSo() throws IOException {
        try (WebServer server =
                        serve(
                                WebLimits.defaults().withConnections(8, 1),
                                (_, viewer) ->
                                        viewer.offer(
                                                EventBytes.builder()
                                                        .add("hello", bytes("you"))
                                                        .build()));
                var first = new RawClient(server.port());
                var second = new RawClient(server.port())) {
            first.say(FOLLOW + "\r\n");
            first.next("data: ");
            second.say(FOLLOW + "\r\n");
            RawClient.Answer answer = second.answer(false);
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.header("retry-after")).isNotEmpty();
            // It may ask for something else on the same connection.
            second.say("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(second.answer(false).status()).isEqualTo(404);
        }
    }

    @Test
    void closingTheServerEndsStreams() throws IOException {
        var viewers = new LinkedBlockingQueue<Viewer>();
        WebServer server = serve(WebLimits.defaults(), (_, viewer) -> viewers.add(viewer));
        try (var client = new RawClient(server.port())) {
            client.say(FOLLOW + "\r\n");
            client.head();
            Viewer viewer = take(viewers);
            server.close();
            client.skipToEnd();
            assertThat(viewer.isOpen()).isFalse();
            assertThat(viewer.offer(EventBytes.builder().add("late", bytes("")).build())).isFalse();
            viewer.close();
        }
    }

    private static Viewer take(LinkedBlockingQueue<Viewer> viewers) {
        try {
            return viewers.take();
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    private static WebServer serve(WebLimits limits, ViewerHandler handler) throws IOException {
        return WebServer.builder()
                .limits(limits)
                .routes(Routes.builder().stream("/follow", handler).build())
                .start();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
