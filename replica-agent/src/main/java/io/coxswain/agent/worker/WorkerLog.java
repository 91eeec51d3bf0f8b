package io.coxswain.agent.worker;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * What one worker prints. On disk two files of a bounded length at most, the newer one under the
 * log's own name; what comes faster than allowed is dropped by whole lines and counted in a line of
 * its own. The very end is always kept, in memory while the worker lives and on disk afterwards:
 * there stands why it died. A full disk drops lines and never stops the worker.
 *
 * <p>Thread-safe.
 */
final class WorkerLog implements PrintedLines, AutoCloseable {
    /** The end that is kept whatever the rate. */
    static final int TAIL_BYTES = 64 << 10;

    /** Of it goes to disk when lines were dropped until the end. */
    private static final int SAVED_TAIL_BYTES = 16 << 10;

    /** A line longer than this may be cut. */
    private static final int LONG_LINE = 8 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(WorkerLog.class);

    private final Path file;
    private final Path older;
    private final OutputLimits limits;
    private final LongSupplier nanoTime;
    private final PrintedTail tail = new PrintedTail(TAIL_BYTES);
    private @Nullable OutputStream out;
    private long written;
    private long begin;
    private long olderBegin = -1;
    private long allowance;
    private long allowedAtNanos;
    private long dropped;
    private byte lastKept = '\n';
    private boolean diskFailed;
    private boolean closed;

    /** Files are made with the first line. */
    WorkerLog(Path file, OutputLimits limits, LongSupplier nanoTime) {
        this.file = file;
        this.older = file.resolveSibling(file.getFileName() + ".1");
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.allowance = limits.burstBytes();
        this.allowedAtNanos = nanoTime.getAsLong();
    }

    Path file() {
        return file;
    }

    /** Takes what was printed. */
    @Override
    public synchronized void write(byte[] bytes, int length) {
        if (closed) {
            return;
        }
        tail.remember(bytes, length);
        refill();
        int from = 0;
        if (dropped > 0) {
            from = resumption(bytes, length);
            if (from < 0) {
                dropped += length;
                return;
            }
            dropped += from;
            tellDropped();
        }
        int fits = (int) Math.min(length - from, allowance);
        if (fits < length - from) {
            int line = lastLineEnd(bytes, from, from + fits);
            fits = line > from || fits < LONG_LINE ? Math.max(0, line - from) : fits;
        }
        put(bytes, from, fits);
        if (fits < length - from) {
            dropped += length - from - fits;
        }
    }

    private void refill() {
        long now = nanoTime.getAsLong();
        // In doubles: a long silence times a large rate fits no long.
        double more = (now - allowedAtNanos) / 1e9 * limits.bytesPerSecond();
        if (more >= 1) {
            allowance = (long) Math.min((double) limits.burstBytes(), (double) allowance + more);
            allowedAtNanos = now;
        }
    }

    /** Where keeping begins again: at a line, and not for a handful of bytes. Negative: not yet. */
    private int resumption(byte[] bytes, int length) {
        if (allowance < limits.bytesPerSecond() / 4) {
            return -1;
        }
        for (int i = 0; i < length; i++) {
            if (isLineEnd(bytes[i])) {
                return i + 1;
            }
        }
        return length >= LONG_LINE ? 0 : -1;
    }

    private static boolean isLineEnd(byte character) {
        return character == '\n' || character == '\r';
    }

    /** Behind the last line end; {@code from} if there is none. */
    private static int lastLineEnd(byte[] bytes, int from, int to) {
        for (int i = to - 1; i >= from; i--) {
            if (isLineEnd(bytes[i])) {
                return i + 1;
            }
        }
        return from;
    }

    private void tellDropped() {
        String line =
                diskFailed
                        ? "%s… %d bytes dropped: the disk did not take them\n"
                        : "%s… %d bytes dropped: the worker printed more than %s a second\n";
        byte[] told =
                line.formatted(
                                isLineEnd(lastKept) ? "" : "\n",
                                dropped,
                                amount(limits.bytesPerSecond()))
                        .getBytes(StandardCharsets.UTF_8);
        diskFailed = false;
        dropped = 0;
        put(told, 0, told.length);
    }

    private static String amount(long bytes) {
        return bytes >= 1 << 20
                ? String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0)
                : bytes / 1024 + " KiB";
    }

    private void put(byte[] bytes, int from, int length) {
        if (length <= 0) {
            return;
        }
        try {
            if (out == null) {
                out = open();
            } else if (written - begin + length > limits.fileBytes()) {
                rotate();
            }
            out.write(bytes, from, length);
            written += length;
            lastKept = bytes[from + length - 1];
            allowance -= Math.min(allowance, length);
        } catch (IOException e) {
            if (!diskFailed) {
                LOG.warn("what a worker prints cannot be written to {}", file, e);
            }
            diskFailed = true;
            dropped += length;
            allowance = 0;
        }
    }

    private OutputStream open() throws IOException {
        return Files.newOutputStream(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
    }

    private void rotate() throws IOException {
        closeFile();
        Files.move(file, older, StandardCopyOption.REPLACE_EXISTING);
        olderBegin = begin;
        begin = written;
        out = open();
    }

    private void closeFile() {
        OutputStream current = out;
        out = null;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                LOG.debug("closing {}", file, e);
            }
        }
    }

    /** The newest that was printed, kept on disk or not. */
    @Override
    public synchronized byte[] tail(int most) {
        return tail.tail(most);
    }

    @Override
    public synchronized long printed() {
        return tail.printed();
    }

    @Override
    public synchronized byte[] since(long before) {
        return tail((int) Math.min(Integer.MAX_VALUE, tail.printed() - before));
    }

    /** How much has been kept: an offset for {@link #read}. */
    synchronized long written() {
        return written;
    }

    /** Where the oldest byte that is still there lies. */
    synchronized long oldest() {
        return olderBegin >= 0 ? olderBegin : begin;
    }

    /** What was kept from an offset on, {@code most} bytes of it at most. */
    synchronized byte[] read(long from, int most) throws IOException {
        long start = Math.max(from, oldest());
        long end = Math.min(written, start + most);
        var bytes = new ByteArrayOutputStream();
        if (start < begin) {
            copy(older, start - olderBegin, Math.min(end, begin) - start, bytes);
        }
        if (end > begin) {
            long first = Math.max(start, begin);
            copy(file, first - begin, end - first, bytes);
        }
        return bytes.toByteArray();
    }

    private static void copy(Path source, long from, long length, ByteArrayOutputStream to)
            throws IOException {
        try (var in = new RandomAccessFile(source.toFile(), "r")) {
            in.seek(from);
            byte[] bytes = new byte[(int) length];
            in.readFully(bytes);
            to.writeBytes(bytes);
        }
    }

    /** The worker is gone: nothing more is taken. The end of what it printed goes to disk. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (dropped > 0) {
            byte[] end = tail((int) Math.min(dropped, SAVED_TAIL_BYTES));
            int line = 0;
            while (line < end.length && !isLineEnd(end[line])) {
                line++;
            }
            end = line + 1 < end.length ? Arrays.copyOfRange(end, line + 1, end.length) : end;
            dropped = Math.max(1, dropped - end.length);
            allowance = limits.burstBytes();
            tellDropped();
            put(end, 0, end.length);
        }
        closeFile();
        tail.clear();
    }

    /** Removes it from the disk. */
    synchronized void delete() {
        close();
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(older);
        } catch (IOException e) {
            LOG.debug("deleting {}", file, e);
        }
    }
}
