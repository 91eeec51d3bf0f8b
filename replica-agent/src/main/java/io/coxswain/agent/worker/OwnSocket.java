package io.coxswain.agent.worker;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A socket in the file system that only its owner may connect to. */
final class OwnSocket {
    /** Of a worker: the main channel and the side channel. */
    private static final int BACKLOG = 2;

    private OwnSocket() {}

    /**
     * Listens at that path with mode 0600. Between the two lies a moment; its folder, which is the
     * owner's alone, covers it.
     */
    static void bind(ServerSocketChannel server, Path path) throws IOException {
        Files.deleteIfExists(path);
        server.bind(UnixDomainSocketAddress.of(path), BACKLOG);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }
}
