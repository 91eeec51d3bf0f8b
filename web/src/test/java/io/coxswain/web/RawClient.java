package io.coxswain.web;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that says exactly the bytes it is told to. */
final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    record Answer(int status, Map<String, String> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        in = socket.getInputStream();
    }

    /** From another address of this machine. */
    RawClient(int port, String from) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.getByName(from), 0);
        in = socket.getInputStream();
    }

    /** One request on a connection of its own. */
    static Answer once(int port, String request) throws IOException {
        try (var client = new RawClient(port)) {
            client.say(request);
            return client.answer(request.startsWith("HEAD "));
        }
    }

    static Answer get(int port, String target) throws IOException {
        return once(port, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }

    void say(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /** Head and body; the body by its length, or up to the end where there is none. */
    Answer answer(boolean bare) throws IOException {
        Answer head = head();
        String length = head.header("content-length");
        byte[] body =
                bare
                        ? new byte[0]
                        : length.isEmpty()
                                ? in.readAllBytes()
                                : in.readNBytes(Integer.parseInt(length));
        return new Answer(head.status(), head.headers(), new String(body, StandardCharsets.UTF_8));
    }

    /** Status line and fields. */
    Answer head() throws IOException {
        String status = line();
        var headers = new LinkedHashMap<String, String>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return new Answer(Integer.parseInt(status.split(" ", -1)[1]), headers, "");
    }

    /** One line without its end. Fails at the end of the stream. */
    String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new IOException("the server closed after: " + line);
            }
            if (next != '\r') {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    /** The data line of the next message of a stream, chunked or not. */
    String next(String prefix) throws IOException {
        String line = line();
        while (!line.startsWith(prefix)) {
            line = line();
        }
        return line.substring(prefix.length());
    }

    /** Waits for the end; a reset is one too. */
    long skipToEnd() {
        try {
            return in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException reset) {
            return -1;
        }
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
