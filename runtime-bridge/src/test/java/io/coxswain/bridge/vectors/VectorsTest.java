package io.coxswain.bridge.vectors;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.host.FrameChannel;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The bytes that other languages rely upon stay as they are. Who changes them on purpose (a new
 * protocol version) writes the file anew with {@code -Dcoxswain.vectors.write=true}.
 */
class VectorsTest {
    private static final Path FILE =
            ProjectFiles.file("runtime-bridge", "src", "test", "vectors", "bridge.json");

    @TempDir Path folder;

    @Test
    void theBytesAreThoseOfTheFile() throws IOException {
        Map<String, Object> vectors = new LinkedHashMap<>();
        vectors.put(
                "about",
                "Golden bytes of the bridge (docs/bridge.md) and the arena (docs/arena.md). Texts"
                    + " of type bytes are hexadecimal; enums are numbers; fields that are not named"
                    + " have their default.");
        vectors.put("messages", MessageVectors.asJson());
        vectors.put("frames", MessageVectors.frames());
        vectors.put("arena", ArenaVectors.asJson(folder.resolve("arena")));
        String json = JsonText.of(vectors);
        if (Boolean.getBoolean("coxswain.vectors.write")) {
            Files.writeString(FILE, json);
        }

        assertThat(json).isEqualTo(Files.readString(FILE));
    }

    @Test
    void eachMessageIsReadBackAsItWas() throws InvalidProtocolBufferException {
        for (MessageVectors.Vector vector : MessageVectors.messages()) {
            assertThat(
                            vector.message()
                                    .getParserForType()
                                    .parseFrom(vector.message().toByteArray()))
                    .as(vector.name())
                    .isEqualTo(vector.message());
        }
        assertThat(SlotTable.Meta.decode(ArenaVectors.meta().encode()))
                .isEqualTo(ArenaVectors.meta());
    }

    @Test
    @SuppressWarnings("unchecked")
    void framesAreReadAsTheFileSays() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            for (Object entry : MessageVectors.frames()) {
                Map<String, Object> frame = (Map<String, Object>) entry;
                byte[] bytes = HexFormat.of().parseHex((String) frame.get("hex"));
                String expected = frame.get("outcome") + " " + frame.get("message");
                try (SocketChannel sender =
                        SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                    sender.write(ByteBuffer.wrap(bytes));
                }
                try (FrameChannel receiver = new FrameChannel(server.accept())) {
                    assertThat(outcome(receiver)).as("%s", frame.get("name")).isEqualTo(expected);
                }
            }
        }
    }

    private static String outcome(FrameChannel receiver) throws IOException {
        try {
            byte @Nullable [] message = receiver.receiveBytes();
            return message == null ? "end " : "message " + HexFormat.of().formatHex(message);
        } catch (EOFException e) {
            return "cut_off ";
        } catch (ProtocolException e) {
            return "too_long ";
        }
    }
}
