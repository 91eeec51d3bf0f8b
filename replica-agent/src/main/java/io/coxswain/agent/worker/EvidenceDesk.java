package io.coxswain.agent.worker;

import io.coxswain.proto.control.v1.EvidencePiece;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The evidence of one worker: its processes' stacks while it lives, its last words when it died.
 * What was taken is written beside the log too, for when no leader can be told.
 */
final class EvidenceDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EvidenceDesk.class);

    /** A worker is taken down once; a stuck taker must not fill the disk. */
    private static final long MOST_FILE_BYTES = 1 << 20;

    private final Path folder;
    private final Path file;
    private final EvidenceTaker taker;
    private final Map<String, String> environment;
    private final Instant since = Instant.now();

    /**
     * For a worker that is about to be started.
     *
     * @param folder where its processes may write stacks
     * @param file where evidence is kept for people
     * @param processes how many the worker has
     */
    EvidenceDesk(
            Path folder,
            PrintedLines printed,
            Path file,
            Map<String, String> environment,
            int processes) {
        this.folder = folder;
        this.file = file;
        this.environment = FlightRecorder.environment(environment, folder.toAbsolutePath());
        this.taker =
                new EvidenceTaker(folder, printed, new ProcessStatus(Path.of("/proc")), processes);
    }

    /** What the process gets to see of the program's environment, and what it must know more. */
    Map<String, String> environment() {
        return environment;
    }

    /** Makes the folder. */
    Path prepare() throws IOException {
        empty();
        return Files.createDirectories(folder);
    }

    /** What its processes do now. One caller at a time. */
    synchronized List<EvidencePiece> stacks(Process process) throws InterruptedException {
        return taker.take(process.toHandle());
    }

    /** What is to be known of one that hangs, before it is killed. */
    List<EvidencePiece> hung(String reason, Process process) throws InterruptedException {
        var pieces = new ArrayList<>(stacks(process));
        FlightRecorder.ask(folder);
        pieces.addAll(EvidenceTaker.flightRecorder(environment, since));
        keep(reason, pieces);
        return pieces;
    }

    /** What is to be known of one that went by itself. */
    List<EvidencePiece> died(String lastWords) {
        var pieces = new ArrayList<>(EvidenceTaker.lastWords(lastWords));
        pieces.addAll(EvidenceTaker.flightRecorder(environment, since));
        return pieces;
    }

    private void keep(String reason, List<EvidencePiece> pieces) {
        keep(file, reason, pieces);
    }

    /** Writes it for people, beside what is there. */
    static void keep(Path file, String reason, List<EvidencePiece> pieces) {
        var text = new ByteArrayOutputStream();
        text.writeBytes(
                ("# " + Instant.now() + " " + reason + "\n").getBytes(StandardCharsets.UTF_8));
        for (EvidencePiece piece : pieces) {
            if (!piece.getKind().equals("nccl")) {
                text.writeBytes(
                        ("\n== " + piece.getName() + "\n").getBytes(StandardCharsets.UTF_8));
                text.writeBytes(piece.getContent().toByteArray());
            }
        }
        try {
            if (!Files.exists(file) || Files.size(file) < MOST_FILE_BYTES) {
                Files.write(
                        file,
                        text.toByteArray(),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            }
        } catch (IOException e) {
            LOG.warn("the evidence of a worker cannot be written to {}", file, e);
        }
    }

    private void empty() {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path one : files.toList()) {
                Files.deleteIfExists(one);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            LOG.debug("{} is not there, or stays", folder, e);
        }
    }

    /** The worker is gone, and with it what its processes wrote. */
    @Override
    public void close() {
        empty();
    }
}
