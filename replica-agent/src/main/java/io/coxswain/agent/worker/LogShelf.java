package io.coxswain.agent.worker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * The logs of an agent's workers of one job: those of the newest few are kept, however often a
 * worker died. Thread-safe.
 */
final class LogShelf {
    /** Workers whose output is kept. */
    static final int KEPT = 20;

    private final Path folder;
    private final OutputLimits limits;
    private final LongSupplier nanoTime;
    private final TreeMap<Long, WorkerLog> logs = new TreeMap<>();

    LogShelf(Path folder, OutputLimits limits, LongSupplier nanoTime) {
        this.folder = folder;
        this.limits = limits;
        this.nanoTime = nanoTime;
    }

    Path folder() {
        return folder;
    }

    /** A new worker's log; the oldest goes. */
    WorkerLog open(long worker) {
        WorkerLog log = make(worker);
        add(worker, log);
        return log;
    }

    /** The log of a process that nobody may ask for: a standby is no worker yet. */
    WorkerLog make(long worker) {
        return new WorkerLog(file(worker), limits, nanoTime);
    }

    /** Where a worker's log lies. */
    Path file(long worker) {
        return folder.resolve("worker-" + worker + ".log");
    }

    /** That process is the worker now. */
    synchronized void add(long worker, WorkerLog log) {
        logs.put(worker, log);
        while (logs.size() > KEPT) {
            Map.Entry<Long, WorkerLog> oldest = logs.pollFirstEntry();
            oldest.getValue().delete();
            deleteQuietly(evidence(oldest.getKey()));
        }
    }

    /** Where the evidence of a worker's end lies, if any was taken. */
    Path evidence(long worker) {
        return folder.resolve("worker-" + worker + ".evidence.txt");
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // It is gone, or stays: a few kilobytes.
        }
    }

    /** The last lines that were printed, by however many workers. */
    synchronized LogPart lastLines(int lines, int most) throws IOException {
        if (logs.isEmpty()) {
            return new LogPart(new byte[0], 0, 0, 0);
        }
        // Newest first, until there are enough; what is not needed is cut off the front.
        var end = new byte[0];
        for (var entry : logs.descendingMap().entrySet()) {
            WorkerLog log = entry.getValue();
            int room = most - end.length;
            if (room <= 0 || count(end) >= lines) {
                break;
            }
            byte[] piece = log.read(Math.max(log.oldest(), log.written() - room), room);
            if (piece.length == 0) {
                continue;
            }
            var joined = new ByteArrayOutputStream();
            joined.writeBytes(piece);
            if (end.length > 0) {
                long next = logs.higherKey(entry.getKey());
                joined.writeBytes(header(next));
            }
            joined.writeBytes(end);
            end = joined.toByteArray();
        }
        return new LogPart(
                lastLines(end, lines, most),
                logs.lastKey(),
                logs.lastEntry().getValue().written(),
                0);
    }

    /** What was printed since a place that an earlier answer named. */
    synchronized LogPart after(long worker, long offset, int most) throws IOException {
        long at = worker;
        long from = offset;
        long skipped = 0;
        var bytes = new ByteArrayOutputStream();
        if (!logs.containsKey(at)) {
            Long next = logs.higherKey(at);
            if (next == null) {
                return new LogPart(new byte[0], worker, offset, 0);
            }
            at = next;
            from = 0;
        }
        while (true) {
            WorkerLog log = logs.get(at);
            if (log == null) {
                break;
            }
            skipped += Math.max(0, log.oldest() - from);
            from = Math.max(from, log.oldest());
            byte[] piece = log.read(from, most - bytes.size());
            bytes.writeBytes(piece);
            from += piece.length;
            Long next = logs.higherKey(at);
            if (next == null || from < log.written() || bytes.size() + 256 > most) {
                break;
            }
            at = next;
            from = 0;
            bytes.writeBytes(header(at));
        }
        return new LogPart(bytes.toByteArray(), at, from, skipped);
    }

    private static byte[] header(long worker) {
        return ("==> worker " + worker + " <==\n").getBytes(StandardCharsets.UTF_8);
    }

    private static int count(byte[] bytes) {
        int lines = 0;
        for (byte one : bytes) {
            lines += one == '\n' ? 1 : 0;
        }
        return lines;
    }

    private static byte[] lastLines(byte[] bytes, int lines, int most) {
        int left = lines;
        int from = Math.max(0, bytes.length - most);
        for (int i = bytes.length - 1; i > from; i--) {
            if (bytes[i - 1] == '\n' && --left == 0) {
                from = i;
            }
        }
        return java.util.Arrays.copyOfRange(bytes, lines == 0 ? bytes.length : from, bytes.length);
    }
}
