package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

class AttachPlaceTest {
    @TempDir private Path place = Path.of("");

    @Test
    void whateverTheFoldersLengthTheSocketCanBeBound() throws Exception {
        int usual = 0;
        for (int length = 90; length <= 120; length++) {
            int fill = length - place.toString().length() - "/".length();
            Path folder = Files.createDirectory(place.resolve("x".repeat(fill)));
            Path socket = new AttachPlace(folder, place, "job").socket();
            Files.deleteIfExists(socket);
            try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(socket));
            }
            usual += socket.startsWith(folder) ? 1 : 0;
        }
        assertThat(usual).as("as long as it fits it is in the folder").isBetween(5, 25);
    }
}
