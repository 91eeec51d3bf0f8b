package io.coxswain.bridge.host;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** How long the path of a Unix socket may be. */
public final class SocketPath {
    /** The most bytes that Java binds: one less than Linux would. */
    public static final int MOST_BYTES = 106;

    private SocketPath() {}

    /** True if a socket can be bound there. */
    public static boolean fits(Path socket) {
        return socket.toString().getBytes(StandardCharsets.UTF_8).length <= MOST_BYTES;
    }
}
