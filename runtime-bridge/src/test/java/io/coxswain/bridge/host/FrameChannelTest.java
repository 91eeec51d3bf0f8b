package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

class FrameChannelTest {
    @TempDir Path folder;
    private SocketChannel rawNear;
    private FrameChannel near;
    private FrameChannel far;

    @BeforeEach
    void connect() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            rawNear = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            near = new FrameChannel(rawNear);
            far = new FrameChannel(server.accept());
        }
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
    }

    private static FromWorker message(int id, int bytes) {
        byte[] payload = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            payload[i] = (byte) (i * 7L + id);
        }
        return FromWorker.newBuilder()
                .setRequestId(id)
                .setSnapshotCommitted(
                        SnapshotCommitted.newBuilder().setDigest(ByteString.copyFrom(payload)))
                .build();
    }

    @Test
    void messagesOfAllSizesArriveInOrder() throws Exception {
        int[] sizes = {0, 1, 100, 4000, 4096, 65_530, 65_536, 70_000, 3, 4_000_000, 5};
        CompletableFuture<Boolean> sent = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        for (int i = 0; i < sizes.length; i++) {
                            near.send(message(i + 1, sizes[i]));
                        }
                        near.close();
                        sent.complete(true);
                    } catch (IOException | RuntimeException e) {
                        sent.completeExceptionally(e);
                    }
                });
        for (int i = 0; i < sizes.length; i++) {
            assertThat(far.receive(FromWorker.parser())).isEqualTo(message(i + 1, sizes[i]));
        }
        assertThat(far.receive(FromWorker.parser())).isNull();
        assertThat(sent.get()).isTrue();
    }

    @Test
    void aMessageThatIsTooLongIsNotSent() throws IOException {
        FromWorker tooLong = message(1, FrameChannel.MAX_MESSAGE_BYTES);
        assertThatThrownBy(() -> near.send(tooLong)).isInstanceOf(IllegalArgumentException.class);
        near.send(message(2, 3));
        assertThat(far.receive(FromWorker.parser())).isEqualTo(message(2, 3));
    }

    @Test
    void lengthsThatNobodyMaySendAreRefused() throws IOException {
        rawNear.write(ByteBuffer.allocate(4).putInt(-1).flip());
        assertThatThrownBy(() -> far.receive(FromWorker.parser()))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("4294967295");
    }

    @Test
    void aConnectionThatEndsInsideAFrameIsNoOrderlyEnd() throws IOException {
        rawNear.write(ByteBuffer.allocate(6).putInt(3).put((byte) 1).put((byte) 2).flip());
        near.close();
        assertThatThrownBy(() -> far.receive(FromWorker.parser())).isInstanceOf(EOFException.class);
    }
}
