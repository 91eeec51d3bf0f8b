package io.coxswain.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

final class WebServerTest {
    private final AtomicInteger calls = new AtomicInteger();
    private WebServer server;

    @BeforeEach
    void start() throws IOException {
        server =
                WebServer.builder()
                        .allowName("train.example")
                        .routes(
                                Routes.builder()
                                        .get("/", _ -> WebResponse.text(200, "root"))
                                        .get(
                                                "/hello",
                                                request -> {
                                                    calls.incrementAndGet();
                                                    return WebResponse.text(
                                                            200,
                                                            "hello "
                                                                    + request.query()
                                                                            .getOrDefault(
                                                                                    "name", "you"));
                                                })
                                        .get(
                                                "/broken",
                                                _ -> {
                                                    throw new IllegalStateException("secret");
                                                })
                                        .build())
                        .start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answersExactPaths() throws IOException {
        assertThat(RawClient.get(server.port(), "/").body()).isEqualTo("root\n");
        RawClient.Answer hello = RawClient.get(server.port(), "/hello?name=J%C3%BCrgen+K");
        assertThat(hello.status()).isEqualTo(200);
        assertThat(hello.body()).isEqualTo("hello Jürgen K\n");
        assertThat(RawClient.get(server.port(), "/hello/").status()).isEqualTo(404);
        assertThat(RawClient.get(server.port(), "/hell").status()).isEqualTo(404);
        assertThat(RawClient.get(server.port(), "/HELLO").status()).isEqualTo(404);
    }

    @Test
    void everyAnswerHasTheSecurityHeaders() throws IOException {
        for (String path : List.of("/hello", "/nothing", "/../etc/passwd", "/broken")) {
            RawClient.Answer answer = RawClient.get(server.port(), path);
            assertThat(answer.header("content-security-policy"))
                    .startsWith("default-src 'none'")
                    .contains("frame-ancestors 'none'")
                    .doesNotContain("unsafe");
            assertThat(answer.header("x-content-type-options")).isEqualTo("nosniff");
            assertThat(answer.header("referrer-policy")).isEqualTo("no-referrer");
            assertThat(answer.header("cache-control")).isEqualTo("no-store");
            assertThat(answer.headers()).doesNotContainKey("access-control-allow-origin");
        }
    }

    @Test
    void headIsGetWithoutTheBody() throws IOException {
        RawClient.Answer answer =
                RawClient.once(server.port(), "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("content-length")).isEqualTo("10");
        try (var client = new RawClient(server.port())) {
            client.say("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            client.head();
            assertThat(client.skipToEnd()).isZero();
        }
    }

    @Test
    void aHandlersTroubleIsAFiveHundredThatTellsNothing() throws IOException {
        RawClient.Answer answer = RawClient.get(server.port(), "/broken");
        assertThat(answer.status()).isEqualTo(500);
        assertThat(answer.body()).doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get"})
    void otherMethodsAreRefused(String method) throws IOException {
        RawClient.Answer answer =
                RawClient.once(
                        server.port(), method + " /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(answer.status()).isEqualTo(405);
        assertThat(answer.header("allow")).isEqualTo("GET, HEAD");
        assertThat(calls).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../etc/passwd",
                "/hello/../hello",
                "/./hello",
                "//hello",
                "/hello/..",
                "/%68ello",
                "/hello%00",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/..%2fhello",
                "/hello;a=b",
                "/..\\hello",
                "/hello#top",
                "hello",
                "http://localhost/hello",
                "*",
                "/h\u00e9llo",
                "/hello?a=%zz",
                "/hello?a=%",
                "/hello?a=1&a=2",
                "/hello?=1",
                "/hello?a=%00",
                "/hello?a=%ff",
                "/hello?a=<script>"
            })
    void strangeTargetsAreRefused(String target) throws IOException {
        RawClient.Answer answer = RawClient.get(server.port(), target);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(calls).hasValue(0);
    }

    @Test
    void oversizedRequestsAreRefusedAndTheClientLearnsWhy() throws IOException {
        assertThat(RawClient.get(server.port(), "/hello?a=" + "x".repeat(5_000)).status())
                .isEqualTo(414);
        assertThat(RawClient.get(server.port(), "/" + "x".repeat(1 << 20)).status()).isEqualTo(414);
        String get = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
        assertThat(
                        RawClient.once(
                                        server.port(),
                                        get + "X-Large: " + "x".repeat(1 << 20) + "\r\n\r\n")
                                .status())
                .isEqualTo(431);
        assertThat(RawClient.once(server.port(), get + "a: b\r\n".repeat(200) + "\r\n").status())
                .isEqualTo(431);
        assertThat(calls).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\n\r\nhello",
                "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "Content-Length: -1\r\n\r\n",
                "Content-Length: +0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: identity\r\n\r\n",
                "Host: other\r\n\r\n",
                "Bad Name: x\r\n\r\n",
                "A : x\r\n\r\n",
                " folded\r\n\r\n",
                "A: x\r\n\u0000B: y\r\n\r\n"
            })
    void bodiesAndAmbiguousHeadersEndTheConnection(String rest) throws IOException {
        try (var client = new RawClient(server.port())) {
            // Whoever smuggles wants the second request answered.
            client.say(
                    "GET /hello HTTP/1.1\r\nHost: localhost\r\n"
                            + rest
                            + "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
            RawClient.Answer answer = client.answer(false);
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.header("connection")).isEqualTo("close");
            assertThat(client.skipToEnd()).isZero();
        }
        assertThat(calls).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n\r\nnonsense\r\n\r\n",
                "GET /hello\r\n\r\n",
                "GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n",
                "GET /hello HTTP/1.1\r\n\r\n",
                "GET /hello FTP/1.1\r\nHost: localhost\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n"
            })
    void whatIsNoRequestIsRefused(String bytes) throws IOException {
        assertThat(RawClient.once(server.port(), bytes).status()).isBetween(400, 499);
        assertThat(calls).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:80",
                "localhost.",
                "127.0.0.1:1",
                "10.1.2.3",
                "[::1]:8080",
                "[fe80::1]",
                "train.example:9090"
            })
    void goesByItsNamesAndAnyAddress(String host) throws IOException {
        assertThat(
                        RawClient.once(
                                        server.port(),
                                        "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                                .status())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:80",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "train.example.evil"
            })
    void goesByNoOtherName(String host) throws IOException {
        RawClient.Answer answer =
                RawClient.once(server.port(), "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        assertThat(answer.status()).isEqualTo(421);
        assertThat(calls).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a b", "local@host", "localhost:port", "localhost:1:2", "[::1", "a..b"})
    void aMalformedHostIsRefused(String host) throws IOException {
        assertThat(
                        RawClient.once(
                                        server.port(),
                                        "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                                .status())
                .isEqualTo(400);
    }

    @Test
    void requestsThatComeAtOnceAreAnsweredInOrder() throws IOException {
        try (var client = new RawClient(server.port())) {
            var all = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                all.append("GET /hello?name=n")
                        .append(i)
                        .append(" HTTP/1.1\r\nHost: localhost\r\n\r\n");
            }
            client.say(
                    all + "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            for (int i = 0; i < 20; i++) {
                assertThat(client.answer(false).body()).isEqualTo("hello n" + i + "\n");
            }
            assertThat(client.answer(false).status()).isEqualTo(404);
            assertThat(client.skipToEnd()).isZero();
        }
    }

    @Test
    void aRequestMayComeInPiecesAndAfterAnother() throws IOException {
        try (var client = new RawClient(server.port())) {
            for (int round = 0; round < 3; round++) {
                for (char piece : "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n".toCharArray()) {
                    client.say(String.valueOf(piece));
                }
                assertThat(client.answer(false).body()).isEqualTo("hello you\n");
            }
        }
    }

    @Test
    void theOldVersionIsSpokenToo() throws IOException {
        try (var client = new RawClient(server.port())) {
            client.say("GET /hello HTTP/1.0\r\n\r\n");
            assertThat(client.answer(false).status()).isEqualTo(200);
            assertThat(client.skipToEnd()).isZero();
        }
    }

    @Test
    void whoSpeaksTooSlowlyIsToldAndCutOff() throws IOException {
        try (WebServer strict = strict(WebLimits.defaults());
                var slow = new RawClient(strict.port());
                var silent = new RawClient(strict.port())) {
            slow.say("GET /big HTTP/1.1\r\nHost: loc");
            assertThat(slow.answer(false).status()).isEqualTo(408);
            assertThat(slow.skipToEnd()).isZero();
            assertThat(silent.skipToEnd()).isZero();
        }
    }

    @Test
    void whoReadsTooSlowlyIsCutOff() throws IOException {
        try (WebServer strict = strict(WebLimits.defaults());
                var slow = new RawClient(strict.port())) {
            slow.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
            slow.head();
            while (strict.connections() > 0) {
                Thread.onSpinWait();
            }
            assertThat(slow.skipToEnd()).isLessThan(BIG);
        }
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws IOException {
        try (WebServer small =
                        WebServer.builder()
                                .limits(WebLimits.defaults().withConnections(2, 1))
                                .start();
                var first = new RawClient(small.port());
                var second = new RawClient(small.port())) {
            first.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            second.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(first.answer(false).status()).isEqualTo(404);
            assertThat(second.answer(false).status()).isEqualTo(404);
            try (var third = new RawClient(small.port())) {
                assertThat(third.answer(false).status()).isEqualTo(503);
            }
        }
    }

    @Test
    void aDoorSeesWhoComesAndHearsWhoAsksForSomething() throws IOException {
        var came = new LinkedBlockingQueue<SocketAddress>();
        var asked = new LinkedBlockingQueue<SocketAddress>();
        var door = new Door(came);
        try (WebServer guarded =
                WebServer.builder()
                        .routes(
                                Routes.builder()
                                        .get("/", _ -> WebResponse.text(200, "here"))
                                        .build())
                        .door(door, asked::add)
                        .start()) {
            try (var wrong = new RawClient(guarded.port());
                    var right = new RawClient(guarded.port())) {
                wrong.say("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assertThat(wrong.answer(false).status()).isEqualTo(404);
                right.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assertThat(right.answer(false).status()).isEqualTo(200);
            }
            assertThat(came).hasSize(2);
            assertThat(asked).hasSize(1);
            door.closed = true;
            try (var late = new RawClient(guarded.port())) {
                assertThat(late.skipToEnd()).isNotPositive();
            }
            assertThat(asked).hasSize(1);
        }
    }

    /** Notes who comes, and turns them away once it is closed. */
    @ChannelHandler.Sharable
    private static final class Door extends ChannelInboundHandlerAdapter {
        private final Queue<SocketAddress> came;
        volatile boolean closed;

        Door(Queue<SocketAddress> came) {
            this.came = came;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Channel child = (Channel) message;
            if (closed) {
                child.unsafe().closeForcibly();
                return;
            }
            came.add(child.remoteAddress());
            context.fireChannelRead(message);
        }
    }

    @Test
    void oneAddressTakesNoMoreThanItsShare() throws IOException {
        try (WebServer small =
                        WebServer.builder()
                                .limits(
                                        WebLimits.defaults()
                                                .withConnections(8, 1)
                                                .withHosts(2, false))
                                .start();
                var first = new RawClient(small.port(), "127.0.0.2");
                var second = new RawClient(small.port(), "127.0.0.2")) {
            first.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            second.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(first.answer(false).status()).isEqualTo(404);
            assertThat(second.answer(false).status()).isEqualTo(404);
            try (var third = new RawClient(small.port(), "127.0.0.2")) {
                assertThat(third.answer(false).status()).isEqualTo(503);
            }
            // Others have room.
            try (var other = new RawClient(small.port(), "127.0.0.3")) {
                other.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assertThat(other.answer(false).status()).isEqualTo(404);
            }
        }
    }

    @Test
    void aPortInUseSaysWhatToDo() {
        assertThatThrownBy(() -> WebServer.builder().bind("127.0.0.1", server.port()).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + server.port())
                .hasMessageContaining("0 takes a free port");
        assertThatThrownBy(() -> WebServer.builder().bind("no.such.host.invalid", 0).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no.such.host.invalid");
        assertThatThrownBy(() -> WebServer.builder().bind("127.0.0.1", 70_000).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("70000");
    }

    @Test
    void closingEndsConnectionsAndHandlers() throws IOException, InterruptedException {
        var inside = new CountDownLatch(1);
        var interrupted = new CountDownLatch(1);
        WebServer closing =
                WebServer.builder()
                        .routes(
                                Routes.builder()
                                        .get(
                                                "/wait",
                                                _ -> {
                                                    inside.countDown();
                                                    try {
                                                        new Semaphore(0).acquire();
                                                    } catch (InterruptedException stop) {
                                                        interrupted.countDown();
                                                        throw stop;
                                                    }
                                                    return WebResponse.text(200, "never");
                                                })
                                        .build())
                        .start();
        try (var client = new RawClient(closing.port())) {
            client.say("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
            inside.await();
            closing.close();
            closing.close();
            interrupted.await();
            assertThat(client.skipToEnd()).isLessThanOrEqualTo(0);
        }
    }

    @Test
    void routesAreCheckedWhenTheyAreMade() {
        for (String path : List.of("", "a", "/a/", "//", "/a//b", "/.a", "/a/..", "/a b", "/%41")) {
            assertThatThrownBy(() -> Routes.builder().get(path, _ -> WebResponse.text(200, "")))
                    .as(path)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() ->
                        Routes.builder()
                                .get("/a", _ -> WebResponse.text(200, ""))
                                .get("/a", _ -> WebResponse.text(200, "")))
                .hasMessageContaining("/a");
    }

    @Test
    void manyClientsAtOnceAreAllServed() throws Exception {
        var threads = new ArrayList<Thread>();
        var good = new AtomicInteger();
        for (int i = 0; i < 50; i++) {
            threads.add(
                    Thread.startVirtualThread(() -> {
                        try {
                            if (RawClient.get(server.port(), "/hello").status() == 200) {
                                good.incrementAndGet();
                            }
                        } catch (IOException failed) {
                            throw new java.io.UncheckedIOException(failed);
                        }
                    }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(good).hasValue(50);
    }

    private static final int BIG = 64 << 20;

    private static WebServer strict(WebLimits limits) throws IOException {
        byte[] big = "x".repeat(BIG).getBytes(StandardCharsets.UTF_8);
        return WebServer.builder()
                .limits(limits.withTimes(Duration.ofMillis(300), Duration.ofMillis(300)))
                .routes(
                        Routes.builder()
                                .get("/big", _ -> WebResponse.ok("text/plain", big))
                                .build())
                .start();
    }
}
