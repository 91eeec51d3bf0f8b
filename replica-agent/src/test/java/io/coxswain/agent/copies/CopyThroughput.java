package io.coxswain.agent.copies;

import com.sun.management.OperatingSystemMXBean;

import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.bridge.arena.Slot;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Measures pushes of a snapshot against a raw loopback socket with blocking channels, in turns. A
 * program for people, not a test: {@code main [FOLDER [MEGABYTES [SOCKET_BUFFER_BYTES]]]}.
 */
public final class CopyThroughput {
    private static final int ROUNDS = 90;
    private static final int WARM = 30;
    private static final int PIECE_BYTES = 1 << 20;

    private CopyThroughput() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path base = Path.of(args.length > 0 ? args[0] : System.getProperty("java.io.tmpdir"));
        long bytes = (args.length > 1 ? Long.parseLong(args[1]) : 64) << 20;
        int socketBytes = args.length > 2 ? Integer.parseInt(args[2]) : 0;
        Path folder = Files.createTempDirectory(base, "throughput");
        DataPlaneSettings usual = DataPlaneSettings.loopback();
        DataPlaneSettings settings =
                new DataPlaneSettings(
                        usual.bindHost(),
                        0,
                        usual.advertisedHost(),
                        0,
                        socketBytes,
                        0,
                        0,
                        usual.stallNanos());
        try (CopyPair pair = new CopyPair(folder, bytes, 4, settings);
                ServerSocketChannel server = ServerSocketChannel.open()) {
            pair.source.arena.prefault();
            pair.holder.arena.prefault();
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel out = SocketChannel.open(server.getLocalAddress());
            SocketChannel in = server.accept();
            double[] push = new double[ROUNDS];
            double[] fetch = new double[ROUNDS];
            double[] raw = new double[ROUNDS];
            double[] cpuOfRaw = new double[ROUNDS];
            double[] cpuOfPush = new double[ROUNDS];
            StateName state = CopyPair.state(1);
            Slot slot = pair.snapshot(pair.source, 0, state, bytes);
            for (int round = 0; round < ROUNDS; round++) {
                long cpu = cpuNanos();
                raw[round] = bytes / (double) raw(out, in, slot, pair.holder.arena.slot(3), bytes);
                cpuOfRaw[round] = (cpuNanos() - cpu) / (double) bytes;
                cpu = cpuNanos();
                long before = System.nanoTime();
                pair.source.copies.push(pair.push(state, slot, false));
                require(pair.source.next());
                push[round] = bytes / (double) (System.nanoTime() - before);
                cpuOfPush[round] = (cpuNanos() - cpu) / (double) bytes;
                pair.holder.nextHeld();
                Slot back = pair.source.arena.slot(1);
                before = System.nanoTime();
                pair.source.copies.fetch(
                        new FetchRequest(
                                state,
                                io.coxswain.agent.core.model.Digest.NONE,
                                pair.holder.peer(),
                                back));
                require(pair.source.next());
                fetch[round] = bytes / (double) (System.nanoTime() - before);
                back.free();
                pair.holder.arena.slot(0).free();
            }
            out.close();
            in.close();
            double limit = median(raw);
            System.out.printf(
                    "%d MiB: raw socket %.2f GB/s, push %.2f GB/s (%.0f%%), fetch %.2f GB/s"
                            + " (%.0f%%), medians of %d%n",
                    bytes >> 20,
                    limit,
                    median(push),
                    100 * median(push) / limit,
                    median(fetch),
                    100 * median(fetch) / limit,
                    ROUNDS - WARM);
            System.out.printf(
                    "processor time per byte: raw socket %.3f ns, push %.3f ns%n",
                    mean(cpuOfRaw), mean(cpuOfPush));
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
                for (Path file : all) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Processor time of this JVM: says more than the clock where others share the machine. */
    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static void require(CopyPair.Told told) {
        if (!told.good()) {
            throw new IllegalStateException(told.reason());
        }
    }

    private static double mean(double[] values) {
        return Arrays.stream(values, WARM, values.length).average().orElse(Double.NaN);
    }

    private static double median(double[] values) {
        double[] measured = Arrays.copyOfRange(values, WARM, values.length);
        Arrays.sort(measured);
        return measured[measured.length / 2];
    }

    /** The same bytes from and to such memory, by blocking channels, without any check. */
    private static long raw(SocketChannel out, SocketChannel in, Slot slot, Slot target, long bytes)
            throws IOException, InterruptedException {
        long before = System.nanoTime();
        Thread sender =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                for (long at = 0; at < bytes; at += PIECE_BYTES) {
                                    ByteBuffer piece =
                                            slot.data()
                                                    .bytes(
                                                            at,
                                                            (int)
                                                                    Math.min(
                                                                            PIECE_BYTES,
                                                                            bytes - at));
                                    while (piece.hasRemaining()) {
                                        out.write(piece);
                                    }
                                }
                            } catch (IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        });
        for (long at = 0; at < bytes; ) {
            ByteBuffer piece = target.data().bytes(at, (int) Math.min(PIECE_BYTES, bytes - at));
            while (piece.hasRemaining()) {
                in.read(piece);
            }
            at += PIECE_BYTES;
        }
        sender.join();
        return System.nanoTime() - before;
    }
}
