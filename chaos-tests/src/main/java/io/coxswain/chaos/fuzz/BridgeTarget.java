package io.coxswain.chaos.fuzz;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.ToWorker;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * The messages between agent and worker, framed, on a socket as they travel. The first byte says
 * who reads: even, the worker.
 */
final class BridgeTarget implements FuzzTarget {
    private static final Set<Class<? extends Throwable>> REFUSALS =
            Set.of(
                    InvalidProtocolBufferException.class,
                    ProtocolException.class,
                    EOFException.class);

    private final Path folder;
    private final ServerSocketChannel server;

    BridgeTarget() throws IOException {
        // The path of a socket may not be long.
        folder = Files.createTempDirectory("cxf");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(folder.resolve("s")));
    }

    @Override
    public String name() {
        return "bridge";
    }

    @Override
    public int weight() {
        return 3;
    }

    @Override
    public List<byte[]> seeds() {
        return Corpus.of("bridge");
    }

    @Override
    public void feed(byte[] input) throws Exception {
        try (SocketChannel sender = SocketChannel.open(server.getLocalAddress());
                var receiver = new FrameChannel(server.accept())) {
            Thread writer =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    var bytes = ByteBuffer.wrap(input);
                                    bytes.position(Math.min(1, input.length));
                                    while (bytes.hasRemaining()) {
                                        sender.write(bytes);
                                    }
                                    sender.shutdownOutput();
                                } catch (IOException refused) {
                                    // The reader has seen enough.
                                    return;
                                }
                            });
            boolean worker = input.length > 0 && (input[0] & 1) == 0;
            while (true) {
                var message =
                        worker
                                ? receiver.receive(ToWorker.parser())
                                : receiver.receive(FromWorker.parser());
                if (message == null) {
                    break;
                }
            }
            writer.join();
        }
    }

    @Override
    public boolean isRefusal(Throwable thrown) {
        return REFUSALS.contains(thrown.getClass());
    }

    @Override
    public void close() {
        try {
            server.close();
            Files.deleteIfExists(folder.resolve("s"));
            Files.deleteIfExists(folder);
        } catch (IOException left) {
            throw new UncheckedIOException(left);
        }
    }
}
