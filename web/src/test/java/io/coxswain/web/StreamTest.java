package io.coxswain.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

final class StreamTest {
    private static final String FOLLOW = "GET /follow HTTP/1.1\r\nHost: localhost\r\n";

    @Test
    void messagesArriveAsTheyAreSent() throws IOException {
        try (WebServer server =
                        serve(
                                WebLimits.defaults(),
                                (request, sink) -> {
                                    String last = request.header("Last-Event-ID");
                                    sink.send(null, "hello", bytes("after " + last));
                                    sink.send(
                                            "7", "two", bytes("line one\nline two\r\nthree\rfour"));
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
            assertThat(viewer.line()).isEqualTo("data: line one");
            assertThat(viewer.line()).isEqualTo("data: line two");
            assertThat(viewer.line()).isEqualTo("data: three");
            assertThat(viewer.line()).isEqualTo("data: four");
            assertThat(viewer.line()).isEmpty();
            // The handler returned: the stream ends.
            assertThat(viewer.skipToEnd()).isNotNegative();
        }
    }

    @Test
    void headOfAStreamIsBare() throws IOException {
        try (WebServer server = serve(WebLimits.defaults(), (_, _) -> new Semaphore(0).acquire());
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
        try (WebServer server = serve(limits, (_, _) -> new Semaphore(0).acquire());
                var viewer = new RawClient(server.port())) {
            viewer.say(FOLLOW + "\r\n");
            viewer.head();
            assertThat(viewer.next(":")).isEmpty();
            assertThat(viewer.next(":")).isEmpty();
        }
    }

    @Test
    void aViewerThatGoesEndsItsHandler() throws IOException, InterruptedException {
        var ended = new CountDownLatch(1);
        try (WebServer server =
                serve(
                        WebLimits.defaults(),
                        (_, sink) -> {
                            sink.send(null, "hello", bytes("you"));
                            try {
                                new Semaphore(0).acquire();
                            } finally {
                                ended.countDown();
                            }
                        })) {
            try (var viewer = new RawClient(server.port())) {
                viewer.say(FOLLOW + "\r\n");
                viewer.next("data: ");
            }
            ended.await();
        }
    }

    @Test
    void aViewerThatTakesNothingIsDroppedAndOthersAreNot()
            throws IOException, InterruptedException {
        var refused = new LinkedBlockingQueue<String>();
        byte[] large = bytes("x".repeat(8 << 20));
        WebLimits limits =
                WebLimits.defaults().withViewer(Duration.ofMillis(300), Duration.ofSeconds(10));
        try (WebServer server =
                        serve(
                                limits,
                                (request, sink) -> {
                                    if (request.query().containsKey("fine")) {
                                        sink.send(null, "small", bytes("one"));
                                        refused.take();
                                        sink.send(null, "small", bytes("two"));
                                        return;
                                    }
                                    try {
                                        while (true) {
                                            sink.send(null, "large", large);
                                        }
                                    } catch (IOException dropped) {
                                        refused.add("" + dropped.getMessage());
                                        throw dropped;
                                    }
                                });
                var fine = new RawClient(server.port());
                var stalled = new RawClient(server.port())) {
            fine.say("GET /follow?fine HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(fine.next("data: ")).isEqualTo("one");
            stalled.say(FOLLOW + "\r\n");
            assertThat(fine.next("data: ")).isEqualTo("two");
        }
    }

    @Test
    void oneViewerTooManyIsToldSo() throws IOException {
        try (WebServer server =
                        serve(
                                WebLimits.defaults().withConnections(8, 1),
                                (_, sink) -> {
                                    sink.send(null, "hello", bytes("you"));
                                    new Semaphore(0).acquire();
                                });
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
    void closingTheServerEndsStreams() throws IOException, InterruptedException {
        var ended = new CountDownLatch(1);
        WebServer server =
                serve(
                        WebLimits.defaults(),
                        (_, sink) -> {
                            sink.send(null, "hello", bytes("you"));
                            try {
                                new Semaphore(0).acquire();
                            } finally {
                                ended.countDown();
                            }
                        });
        try (var viewer = new RawClient(server.port())) {
            viewer.say(FOLLOW + "\r\n");
            viewer.next("data: ");
            server.close();
            ended.await();
            viewer.skipToEnd();
        }
    }

    private static WebServer serve(WebLimits limits, StreamHandler handler) throws IOException {
        return WebServer.builder()
                .limits(limits)
                .routes(Routes.builder().stream("/follow", handler).build())
                .start();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
