package io.coxswain.agent.worker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What the kernel tells of processes and their threads, where it tells without privileges. It never
 * reads their environment, arguments or memory.
 */
final class ProcessStatus {
    private static final int MOST_THREADS = 128;
    private static final int MOST_STACK_CHARACTERS = 2_000;

    /** In {@code stat}, counted behind the name. */
    private static final int FLAGS = 6;

    private static final long EXITING = 4;

    private final Path proc;

    /** {@code proc} is {@code /proc}, but in a test. */
    ProcessStatus(Path proc) {
        this.proc = proc;
    }

    /** The program's short name; empty if the process is gone. */
    String name(long pid) {
        return read(folder(pid).resolve("comm"), new TreeSet<>()).strip();
    }

    /** True while it executes nothing until somebody lets it go on. */
    boolean isStopped(long pid) {
        String state = field(pid, "State");
        return state.startsWith("T") || state.startsWith("t");
    }

    /** True while the kernel takes it down: its connections are closed before its end is seen. */
    boolean isEnding(long pid) {
        String stat = read(folder(pid).resolve("stat"), new TreeSet<>());
        // Its name, in parentheses, may have anything in it.
        List<String> fields = List.of(stat.substring(stat.lastIndexOf(')') + 1).strip().split(" "));
        try {
            return fields.size() > FLAGS && (Long.parseLong(fields.get(FLAGS)) & EXITING) != 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /** True if a handler of its own takes that signal: it does not die of it. */
    boolean catches(long pid, int signal) {
        String mask = field(pid, "SigCgt");
        try {
            return !mask.isEmpty()
                    && signal >= 1
                    && signal <= Long.SIZE
                    && (Long.parseUnsignedLong(mask, 16) >>> (signal - 1) & 1) == 1;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private String field(long pid, String name) {
        return field(read(folder(pid).resolve("status"), new TreeSet<>()), name);
    }

    private static String field(String status, String name) {
        return status.lines()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElse("");
    }

    /** Its threads: name, state, and where in the kernel they wait. */
    String describe(long pid, List<String> notes) {
        var refused = new TreeSet<String>();
        List<Path> threads = threads(pid);
        var text = new StringBuilder();
        text.append("process ").append(pid).append(' ').append(name(pid)).append(", state ");
        text.append(field(pid, "State")).append(", ").append(threads.size()).append(" threads\n");
        for (Path thread : threads.subList(0, Math.min(threads.size(), MOST_THREADS))) {
            String waits = read(thread.resolve("wchan"), refused).strip();
            text.append("  thread ").append(thread.getFileName()).append(' ');
            text.append(read(thread.resolve("comm"), refused).strip()).append(": ");
            text.append(field(read(thread.resolve("status"), refused), "State"));
            text.append(waits.isEmpty() || waits.equals("0") ? "" : ", in " + waits);
            text.append('\n');
            String stack = read(thread.resolve("stack"), refused).strip();
            if (!stack.isEmpty()) {
                text.append("    ");
                text.append(
                        stack.substring(0, Math.min(stack.length(), MOST_STACK_CHARACTERS))
                                .replace("\n", "\n    "));
                text.append('\n');
            }
        }
        if (threads.size() > MOST_THREADS) {
            text.append("  … ").append(threads.size() - MOST_THREADS).append(" more threads\n");
        }
        if (!refused.isEmpty()) {
            notes.add(
                    "of process %d the kernel does not show without privileges: %s"
                            .formatted(pid, String.join(", ", refused)));
        }
        return text.toString();
    }

    private List<Path> threads(long pid) {
        try (Stream<Path> all = Files.list(folder(pid).resolve("task"))) {
            return new ArrayList<>(all.sorted().toList());
        } catch (IOException e) {
            return List.of();
        }
    }

    private Path folder(long pid) {
        return proc.resolve(Long.toString(pid));
    }

    private static String read(Path file, Set<String> refused) {
        try (var in = Files.newInputStream(file)) {
            // Its length is told by reading alone.
            return new String(in.readNBytes(16 << 10), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return "";
        } catch (AccessDeniedException e) {
            refused.add(String.valueOf(file.getFileName()));
            return "";
        } catch (IOException e) {
            // Some kernels refuse at the read, with "Operation not permitted".
            if (String.valueOf(e.getMessage()).contains("not permitted")) {
                refused.add(String.valueOf(file.getFileName()));
            }
            return "";
        }
    }
}
