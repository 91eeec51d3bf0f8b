package io.coxswain.chaos.fuzz;

import io.coxswain.web.Routes;
import io.coxswain.web.WebResponse;
import io.coxswain.web.WebServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The HTTP server. It may refuse; it must close each connection, and answer the next. */
final class HttpTarget implements FuzzTarget {
    private static final int ANSWER_MILLIS = 20_000;
    private static final String GOOD =
            "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private final WebServer server;

    HttpTarget() throws IOException {
        server =
                WebServer.builder()
                        .bind("127.0.0.1", 0)
                        .routes(
                                Routes.builder()
                                        .get("/livez", _ -> WebResponse.text(200, "alive"))
                                        .get("/", _ -> WebResponse.text(200, "page"))
                                        .build())
                        .start();
    }

    @Override
    public String name() {
        return "http";
    }

    @Override
    public int weight() {
        return 2;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                bytes(GOOD),
                lines(
                        "GET / HTTP/1.1",
                        "Host: localhost:8080",
                        "Accept: text/html,*/*;q=0.8",
                        "Accept-Encoding: gzip, deflate",
                        "If-None-Match: \"abc\"",
                        "User-Agent: Mozilla/5.0",
                        "Connection: close",
                        "",
                        ""),
                lines(
                        "POST /livez HTTP/1.1",
                        "Host: localhost",
                        "Content-Length: 5",
                        "Connection: close",
                        "",
                        "hello"),
                lines(
                        "GET /livez HTTP/1.1",
                        "Host: [::1]",
                        "Transfer-Encoding: chunked",
                        "Connection: close",
                        "",
                        "5",
                        "hello",
                        "0",
                        "",
                        ""));
    }

    private static byte[] lines(String... lines) {
        return bytes(String.join("\r\n", lines));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void feed(byte[] input) throws Exception {
        try {
            var _ = answer(input);
        } catch (SocketException closed) {
            // It had seen enough.
            return;
        }
        String alive = answer(bytes(GOOD));
        if (!alive.startsWith("HTTP/1.1 200")) {
            throw new IllegalStateException("it does not answer any more: " + alive);
        }
    }

    private String answer(byte[] request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.getOutputStream().write(request);
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public boolean isRefusal(Throwable thrown) {
        return false;
    }

    @Override
    public void close() {
        server.close();
    }
}
