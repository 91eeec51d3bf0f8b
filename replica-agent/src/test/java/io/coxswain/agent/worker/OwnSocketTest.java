package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

class OwnSocketTest {
    @Test
    void onlyItsOwnerConnects() throws Exception {
        // The path of a socket may not be long.
        Path folder = Files.createTempDirectory("cx");
        Path path = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            OwnSocket.bind(server, path);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
        } finally {
            Files.deleteIfExists(path);
            Files.delete(folder);
        }
    }
}
