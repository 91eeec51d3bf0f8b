package io.coxswain.chaos.fuzz;

import io.coxswain.web.Routes;
import io.coxswain.web.WebResponse;
import io.coxswain.web.WebServer;

import java.io.IOException;
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
                bytes(
                        "GET / HTTP/1.1\r\nHost: localhost:8080\r\nAccept: text/html,*/*;q=0.8\r\n"
                                + "Accept-Encoding: gzip, deflate\r\nIf-None-Match: \"abc\"\r\n"
                                + "User-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n"),
                bytes(
                        "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                                + "Connection: close\r\n\r\nhello"),
                bytes(
                        "GET /livez HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n"
                                + "Connection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void feed(byte[] input) throws Exception {
        try {
            var unusedAnswer = answer(input);
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
        try (var socket = new Socket("127.0.0.1", server.port())) {
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
