package io.coxswain.agent.worker;

import com.google.protobuf.ByteString;

import io.coxswain.proto.bridge.v1.Output;
import io.coxswain.proto.bridge.v1.Stacks;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is to be known of a process that somebody else started. Where this agent sees it, it is
 * asked by a signal, as one of its own is, which needs no lock of the interpreter; else over the
 * side channel, and where it does not answer, what it wrote by itself is taken. What it prints it
 * says itself. Thread-safe.
 */
final class AttachedEvidence {
    /** How long a process may take to answer: its side channel has a thread of its own. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** Begins what Python's faulthandler writes by itself. */
    private static final String UNASKED = "Timeout (";

    /** Older ones tell of something else. */
    private static final Duration RECENT = Duration.ofSeconds(10);

    private static final int LAST_WORDS_BYTES = 16_000;
    private static final int MOST_STACK_BYTES = 64 << 10;

    private final EvidenceTaker taker;
    private final PrintedLines printed;
    private final Path file;
    private final Path processes;

    /** Of what it printed itself, the end. Guarded by itself. */
    private final ByteArrayOutputStream words = new ByteArrayOutputStream();

    // Guarded by this.
    private long asked;
    private @Nullable Stacks answer;

    /**
     * @param folder where processes may write stacks
     * @param file where evidence is kept for people
     * @param processes how many the worker has
     */
    AttachedEvidence(Path folder, PrintedLines printed, Path file, int processes) {
        this.printed = printed;
        this.file = file;
        this.processes = Path.of("/proc");
        this.taker =
                new EvidenceTaker(folder, printed, new ProcessStatus(this.processes), processes);
    }

    void keep(String reason, List<EvidencePiece> pieces) {
        EvidenceDesk.keep(file, reason, pieces);
    }

    // ---------------------------------------------------------------- output

    void printed(Output output) {
        if (output.getDroppedBytes() > 0) {
            print(
                    "… %s bytes dropped: the process printed faster than it could say%n"
                            .formatted(Long.toUnsignedString(output.getDroppedBytes()))
                            .getBytes(StandardCharsets.UTF_8));
        }
        print(output.getData().toByteArray());
    }

    private void print(byte[] bytes) {
        printed.write(bytes, bytes.length);
        synchronized (words) {
            if (words.size() > 2 * LAST_WORDS_BYTES) {
                byte[] all = words.toByteArray();
                words.reset();
                words.write(all, all.length - LAST_WORDS_BYTES, LAST_WORDS_BYTES);
            }
            int from = Math.max(0, bytes.length - LAST_WORDS_BYTES);
            words.write(bytes, from, bytes.length - from);
        }
    }

    /** What it printed last, as it says. */
    String lastWords() {
        synchronized (words) {
            byte[] all = words.toByteArray();
            int from = Math.max(0, all.length - LAST_WORDS_BYTES);
            return new String(all, from, all.length - from, StandardCharsets.UTF_8);
        }
    }

    // ---------------------------------------------------------------- stacks

    /**
     * What its threads do. Blocks for some seconds at most.
     *
     * @param ownPid as it calls itself: in a container that is not its number on this machine
     */
    List<EvidencePiece> stacks(long ownPid, BridgeLink link) throws InterruptedException {
        var pieces = new ArrayList<EvidencePiece>();
        Path stackFile = taker.stackFile(ownPid);
        ProcessHandle process = stackFile == null ? null : writer(ownPid, stackFile);
        if (process != null) {
            pieces.addAll(taker.take(process, stackFile));
        }
        if (pieces.stream().anyMatch(piece -> piece.getKind().equals("python-stacks"))) {
            return pieces;
        }
        String text = ask(link);
        if (text == null && stackFile != null) {
            text = unasked(stackFile);
        }
        if (text != null) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int kept = Math.min(bytes.length, MOST_STACK_BYTES);
            pieces.add(
                    piece(
                            "python-stacks",
                            "python-stacks." + ownPid + ".txt",
                            ByteString.copyFrom(bytes, 0, kept),
                            bytes.length - kept));
        } else {
            pieces.add(
                    piece(
                            "note",
                            "not-taken.txt",
                            ByteString.copyFromUtf8(
                                    "process %d, as it calls itself, was not started by this agent, which does not see it, and it did not say within %d s what it does: something in it holds the interpreter's lock, or its coxswain package is older\n"
                                            .formatted(ownPid, PATIENCE.toSeconds())),
                            0));
        }
        return pieces;
    }

    /** What it wrote when Python had not run for a while; null: nothing, or long ago. */
    private static @Nullable String unasked(Path stackFile) {
        try (var reading = new RandomAccessFile(stackFile.toFile(), "r")) {
            Instant written = Files.getLastModifiedTime(stackFile).toInstant();
            if (written.isBefore(Instant.now().minus(RECENT))) {
                return null;
            }
            long from = Math.max(0, reading.length() - MOST_STACK_BYTES);
            byte[] end = new byte[(int) Math.min(reading.length(), MOST_STACK_BYTES)];
            reading.seek(from);
            reading.readFully(end);
            String text = new String(end, StandardCharsets.UTF_8);
            int at = text.lastIndexOf(UNASKED);
            return at < 0 ? null : text.substring(at);
        } catch (IOException e) {
            return null;
        }
    }

    private static EvidencePiece piece(String kind, String name, ByteString content, long cut) {
        return EvidencePiece.newBuilder()
                .setKind(kind)
                .setName(name)
                .setContent(content)
                .setCutBytes(cut)
                .build();
    }

    private synchronized @Nullable String ask(BridgeLink link) throws InterruptedException {
        long wanted = ++asked;
        long end = System.nanoTime() + PATIENCE.toNanos();
        link.askForStacks(wanted);
        while (true) {
            Stacks came = answer;
            if (came != null && came.getSequence() == wanted) {
                return came.getText();
            }
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return null;
            }
            wait(left);
        }
    }

    synchronized void answered(Stacks stacks) {
        answer = stacks;
        notifyAll();
    }

    /** Who writes that file, in this machine's eyes; null if it does not see him. */
    private @Nullable ProcessHandle writer(long ownPid, Path stackFile) {
        if (holds(ownPid, stackFile)) {
            return ProcessHandle.of(ownPid).orElse(null);
        }
        // In a container it has two numbers.
        try (Stream<Path> all = Files.list(processes)) {
            return all.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> name.chars().allMatch(Character::isDigit))
                    .map(Long::parseLong)
                    .filter(pid -> pid != ownPid && callsItself(pid, ownPid))
                    .filter(pid -> holds(pid, stackFile))
                    .findFirst()
                    .flatMap(ProcessHandle::of)
                    .orElse(null);
        } catch (IOException | UncheckedIOException e) {
            return null;
        }
    }

    /** Whether it has that file open: a number alone may be anybody's. */
    private boolean holds(long pid, Path stackFile) {
        try (Stream<Path> open = Files.list(processes.resolve(pid + "/fd"))) {
            return open.anyMatch(one -> {
                try {
                    return Files.isSameFile(one, stackFile);
                } catch (IOException e) {
                    return false;
                }
            });
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private boolean callsItself(long pid, long ownPid) {
        try (Stream<String> lines = Files.lines(processes.resolve(pid + "/status"))) {
            return lines.filter(line -> line.startsWith("NSpid:"))
                    .anyMatch(line -> line.strip().endsWith("\t" + ownPid));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }
}
