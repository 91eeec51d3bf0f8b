package io.coxswain.agent.worker;

import com.google.protobuf.ByteString;

import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the processes of a worker are doing, as far as it can be seen from outside: stacks that they
 * write themselves upon a signal, and what the kernel tells of their threads. Bounded in time and
 * size. Nothing is read that could hold a secret: neither environment nor arguments.
 *
 * <p>A process that writes stacks upon a signal makes a file {@code stacks.PID.SIGNAL} in the
 * folder that {@code COXSWAIN_BRIDGE_EVIDENCE} names, which the Python package does. A JVM writes
 * them to its log upon SIGQUIT. Neither is sent to a process that would die of it.
 */
final class EvidenceTaker {
    /** How long all of it may take. */
    static final Duration LIMIT = Duration.ofSeconds(10);

    /** How long a process may take to begin writing its stacks: one that can do so at once does. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Duration LOOK = Duration.ofMillis(20);
    private static final int QUIET_LOOKS = 3;
    private static final int MOST_PROCESSES = 16;
    private static final int MOST_STACK_BYTES = 64 << 10;
    private static final int MOST_BYTES = 384 << 10;
    private static final int SIGQUIT = 3;
    private static final Pattern STACKS = Pattern.compile("stacks\\.(\\d{1,10})\\.(\\d{1,2})");

    private final Path folder;
    private final PrintedLines printed;
    private final int mostBytes;
    private final ProcessStatus status;

    /** Stacks that a process was asked for. */
    private record Asked(long pid, Path file, long before) {}

    EvidenceTaker(Path folder, PrintedLines printed, ProcessStatus status) {
        this(folder, printed, status, 1);
    }

    /**
     * @param processes how many of the worker's there are, of which this is told of one: they share
     *     the room
     */
    EvidenceTaker(Path folder, PrintedLines printed, ProcessStatus status, int processes) {
        this.folder = folder;
        this.printed = printed;
        this.status = status;
        this.mostBytes = MOST_BYTES / processes;
    }

    /** Takes it from a process and its children. Blocks for {@link #LIMIT} at most. */
    List<EvidencePiece> take(ProcessHandle root) throws InterruptedException {
        return take(root, null);
    }

    /**
     * The same.
     *
     * @param rootFile where the process writes its stacks, if it calls itself by another number
     *     than this machine does
     */
    List<EvidencePiece> take(ProcessHandle root, @Nullable Path rootFile)
            throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        var notes = new ArrayList<String>();
        List<ProcessHandle> processes;
        try (Stream<ProcessHandle> children = root.descendants()) {
            processes = Stream.concat(Stream.of(root), children).limit(MOST_PROCESSES).toList();
        }
        Map<Long, Path> files = stackFiles();
        var asked = new ArrayList<Asked>();
        long printedBefore = printed.printed();
        boolean jvm = false;
        for (ProcessHandle process : processes) {
            long pid = process.pid();
            Path file = pid == root.pid() && rootFile != null ? rootFile : files.get(pid);
            String name = status.name(pid);
            if (status.isStopped(pid)) {
                notes.add(
                        "process %d (%s) is stopped, by SIGSTOP or a debugger: it cannot write its stacks"
                                .formatted(pid, name));
            } else if (file != null) {
                long before = size(file);
                if (signal(pid, signalOf(file), notes)) {
                    asked.add(new Asked(pid, file, before));
                }
            } else if (name.equals("java") && signal(pid, SIGQUIT, notes)) {
                jvm = true;
            } else if (!name.equals("java")) {
                notes.add(
                        "process %d (%s) writes no stacks upon a signal: Python does if it imports coxswain"
                                .formatted(pid, name));
            }
        }
        var pieces = new ArrayList<EvidencePiece>();
        // While they write theirs.
        for (ProcessHandle process : processes) {
            add(
                    pieces,
                    mostBytes,
                    "native-stacks",
                    "native-stacks." + process.pid() + ".txt",
                    status.describe(process.pid(), notes).getBytes(StandardCharsets.UTF_8),
                    0);
        }
        long patience = Math.min(end, System.nanoTime() + PATIENCE.toNanos());
        for (Asked one : asked) {
            awaitQuiet(() -> size(one.file()), one.before(), patience);
            python(one, pieces, notes);
        }
        if (jvm) {
            awaitQuiet(printed::printed, printedBefore, patience);
            byte[] stacks = printed.since(printedBefore);
            if (stacks.length == 0) {
                notes.add("the JVM wrote no stacks within " + PATIENCE.toSeconds() + " s");
            }
            add(pieces, mostBytes, "java-stacks", "java-stacks.txt", stacks, 0);
        }
        if (!notes.isEmpty()) {
            add(
                    pieces,
                    mostBytes,
                    "note",
                    "not-taken.txt",
                    String.join("\n", notes).concat("\n").getBytes(StandardCharsets.UTF_8),
                    0);
        }
        return pieces;
    }

    /** What a process printed before it went; empty if that is nothing. */
    static List<EvidencePiece> lastWords(String words) {
        return words.isBlank()
                ? List.of()
                : List.of(
                        EvidencePiece.newBuilder()
                                .setKind("last-words")
                                .setName("last-words.txt")
                                .setContent(ByteString.copyFromUtf8(words))
                                .build());
    }

    /**
     * Files that NCCL's flight recorder left, where the worker's environment says that it writes
     * some.
     *
     * @param since older ones are of somebody else
     */
    static List<EvidencePiece> flightRecorder(Map<String, String> environment, Instant since) {
        String prefix = environment.get("TORCH_NCCL_DEBUG_INFO_TEMP_FILE");
        if (prefix == null
                && (environment.containsKey("TORCH_NCCL_DUMP_ON_TIMEOUT")
                        || environment.containsKey("TORCH_NCCL_TRACE_BUFFER_SIZE"))) {
            prefix = "/tmp/nccl_trace_rank_";
        }
        Path pattern = prefix == null ? null : Path.of(prefix).getFileName();
        if (prefix == null || pattern == null) {
            return List.of();
        }
        Path parent = Path.of(prefix).toAbsolutePath().getParent();
        var pieces = new ArrayList<EvidencePiece>();
        try (Stream<Path> all = Files.list(parent == null ? Path.of("/") : parent)) {
            List<Path> written =
                    all.filter(file ->
                                    String.valueOf(file.getFileName())
                                                    .startsWith(pattern.toString())
                                            && isNewer(file, since))
                            .sorted()
                            .limit(8)
                            .toList();
            for (Path file : written) {
                try (var in = Files.newInputStream(file)) {
                    byte[] content = in.readNBytes(MOST_STACK_BYTES);
                    add(
                            pieces,
                            MOST_BYTES,
                            "nccl",
                            String.valueOf(file.getFileName()),
                            content,
                            Math.max(0, Files.size(file) - content.length));
                }
            }
        } catch (IOException e) {
            // No such folder, or the file went: there is nothing to show.
        }
        return pieces;
    }

    private static boolean isNewer(Path file, Instant since) {
        try {
            return Files.isRegularFile(file)
                    && !Files.getLastModifiedTime(file).toInstant().isBefore(since);
        } catch (IOException e) {
            return false;
        }
    }

    /** Where a process that calls itself so writes its stacks; null if it does not. */
    @Nullable Path stackFile(long ownPid) {
        return stackFiles().get(ownPid);
    }

    private Map<Long, Path> stackFiles() {
        var files = new LinkedHashMap<Long, Path>();
        try (Stream<Path> all = Files.list(folder)) {
            all.forEach(file -> {
                Matcher name = STACKS.matcher(String.valueOf(file.getFileName()));
                if (name.matches()) {
                    files.put(Long.parseLong(name.group(1)), file);
                }
            });
        } catch (IOException e) {
            // No process made one.
        }
        return files;
    }

    private static int signalOf(Path file) {
        Matcher name = STACKS.matcher(String.valueOf(file.getFileName()));
        return name.matches() ? Integer.parseInt(name.group(2)) : 0;
    }

    private boolean signal(long pid, int signal, List<String> notes) throws InterruptedException {
        if (!status.catches(pid, signal)) {
            notes.add("process %d does not catch signal %d any more".formatted(pid, signal));
            return false;
        }
        try {
            // Java sends no other signals than SIGTERM and SIGKILL.
            Process kill =
                    new ProcessBuilder("/bin/sh", "-c", "kill -" + signal + " " + pid)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return kill.waitFor() == 0;
        } catch (IOException e) {
            notes.add("no signal could be sent: " + e.getMessage());
            return false;
        }
    }

    private interface Measure {
        long now();
    }

    /** Until something was written and nothing more comes, or the time is over. */
    private static void awaitQuiet(Measure written, long before, long endNanos)
            throws InterruptedException {
        long last = before;
        int quiet = 0;
        while (quiet < QUIET_LOOKS && System.nanoTime() < endNanos) {
            Thread.sleep(LOOK);
            long now = written.now();
            quiet = now > before && now == last ? quiet + 1 : 0;
            last = now;
        }
    }

    private void python(Asked one, List<EvidencePiece> pieces, List<String> notes) {
        try (var file = new RandomAccessFile(one.file().toFile(), "rw")) {
            long length = file.length() - one.before();
            if (length <= 0) {
                notes.add(
                        "process %d wrote no stacks within %d s"
                                .formatted(one.pid(), PATIENCE.toSeconds()));
                return;
            }
            byte[] content = new byte[(int) Math.min(length, MOST_STACK_BYTES)];
            file.seek(one.before());
            file.readFully(content);
            // It is written at its end, wherever that is: so it never grows.
            file.setLength(0);
            add(
                    pieces,
                    mostBytes,
                    "python-stacks",
                    "python-stacks." + one.pid() + ".txt",
                    content,
                    length - content.length);
        } catch (IOException e) {
            notes.add("the stacks of process %d cannot be read: %s".formatted(one.pid(), e));
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    private static void add(
            List<EvidencePiece> pieces,
            int mostBytes,
            String kind,
            String name,
            byte[] content,
            long cut) {
        int room = mostBytes;
        for (EvidencePiece piece : pieces) {
            room -= piece.getContent().size();
        }
        int kept = Math.clamp(room, 0, content.length);
        if (kept > 0) {
            pieces.add(
                    EvidencePiece.newBuilder()
                            .setKind(kind)
                            .setName(name)
                            .setContent(ByteString.copyFrom(content, 0, kept))
                            .setCutBytes(cut + content.length - kept)
                            .build());
        }
    }
}
