package io.coxswain.agent.adapter;

import io.coxswain.agent.core.model.AgentKey;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An agent's folder of shared memory, {@code <root>/coxswain-<agent>-<incarnation, 8 digits>}. Its
 * file {@code owner} names the agent's process and the workers that it started, one {@code
 * <agent|worker> <pid> <start, epoch millis>} a line, so that whoever finds the folder can tell
 * whether it is still owned.
 */
final class ArenaFolder {
    static final String PREFIX = "coxswain-";
    private static final String OWNER = "owner";
    private static final Logger LOG = LoggerFactory.getLogger(ArenaFolder.class);

    /** Start times come from a clock that may be set by a little between two looks. */
    private static final long START_TOLERANCE_MILLIS = 2_000;

    private static final long KILL_SECONDS = 5;

    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path path;
    private final List<Owner> owners = new ArrayList<>();

    /** A process by its id and when it began: ids are used again. */
    private record Owner(boolean worker, long pid, long startMillis) {
        String line() {
            return (worker ? "worker " : "agent ") + pid + " " + startMillis;
        }

        Optional<ProcessHandle> running() {
            return ProcessHandle.of(pid)
                    .filter(ProcessHandle::isAlive)
                    .filter(process ->
                            Math.abs(start(process) - startMillis) <= START_TOLERANCE_MILLIS);
        }
    }

    private ArenaFolder(Path path) {
        this.path = path;
    }

    /**
     * Makes the folder of this process.
     *
     * @throws IOException if it cannot be made; the message says where
     */
    static ArenaFolder create(Path root, AgentKey key) throws IOException {
        String name =
                PREFIX
                        + key.id()
                        + "-"
                        + key.incarnation().substring(0, Math.min(8, key.incarnation().length()));
        ArenaFolder folder = new ArenaFolder(root.resolve(name));
        Path draft = root.resolve("." + name);
        try {
            Files.createDirectories(root);
            Files.createDirectory(draft, OWNERS_ONLY);
            folder.owners.add(owner(false, ProcessHandle.current()));
            folder.write(draft);
            // With its owner already in it: a sweep never sees a folder of nobody.
            Files.move(draft, folder.path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new IOException(
                    "cannot make the arena folder "
                            + folder.path
                            + ": "
                            + e
                            + "; is "
                            + root
                            + " a writable tmpfs?",
                    e);
        }
        return folder;
    }

    private static Owner owner(boolean worker, ProcessHandle process) {
        return new Owner(worker, process.pid(), start(process));
    }

    private static long start(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    Path path() {
        return path;
    }

    /** Records a worker, so that it does not outlive the folder unseen. Any thread. */
    synchronized void recordWorker(long pid) {
        ProcessHandle.of(pid).ifPresent(process -> owners.add(owner(true, process)));
        owners.removeIf(owner -> owner.worker() && owner.running().isEmpty());
        try {
            write(path);
        } catch (IOException e) {
            LOG.warn("cannot record worker {} in {}", pid, path, e);
        }
    }

    private void write(Path folder) throws IOException {
        Path fresh = folder.resolve(OWNER + ".new");
        Files.write(fresh, owners.stream().map(Owner::line).toList());
        Files.move(
                fresh,
                folder.resolve(OWNER),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** Deletes the folder with all in it. */
    void delete() {
        deleteTree(path);
    }

    /**
     * True if the process that made the folder runs; a folder that does not say is nobody's
     * business here.
     */
    static boolean isOwned(Path folder) {
        List<Owner> owners = read(folder);
        return owners.isEmpty()
                || owners.stream()
                        .anyMatch(owner -> !owner.worker() && owner.running().isPresent());
    }

    /**
     * Kills the workers recorded in a folder whose agent is gone, waits for them, and deletes it.
     */
    static void discard(Path folder) {
        for (Owner owner : read(folder)) {
            if (owner.worker()) {
                owner.running().ifPresent(ArenaFolder::killAndWait);
            }
        }
        deleteTree(folder);
    }

    private static void killAndWait(ProcessHandle process) {
        process.destroyForcibly();
        try {
            process.onExit().get(KILL_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("worker {} of a dead agent does not go", process.pid());
        }
    }

    private static List<Owner> read(Path folder) {
        List<Owner> owners = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(folder.resolve(OWNER))) {
                List<String> words = List.of(line.split(" ", -1));
                if (words.size() == 3) {
                    owners.add(
                            new Owner(
                                    words.get(0).equals("worker"),
                                    Long.parseLong(words.get(1)),
                                    Long.parseLong(words.get(2))));
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("{} does not say whose it is", folder, e);
        }
        return owners;
    }

    private static void deleteTree(Path folder) {
        try {
            Files.walkFileTree(
                    folder,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                                throws IOException {
                            Files.deleteIfExists(file);
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(
                                Path directory, @Nullable IOException failure) throws IOException {
                            Files.deleteIfExists(directory);
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (NoSuchFileException e) {
            LOG.debug("{} is gone already", folder);
        } catch (IOException e) {
            LOG.warn("cannot delete {}", folder, e);
        }
    }
}
