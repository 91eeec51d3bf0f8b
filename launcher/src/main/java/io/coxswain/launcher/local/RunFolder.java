package io.coxswain.launcher.local;

import io.coxswain.launcher.EnvironmentException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The folder of one run: its logs, and while it runs ZooKeeper's data.
 *
 * @param path of an existing folder
 */
public record RunFolder(Path path) {
    private static final int KEPT = 20;
    private static final String PID_FILE = "launcher.pid";
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    /**
     * Makes the folder, {@code ${XDG_STATE_HOME:-~/.local/state}/coxswain/runs/<job>-<time>} unless
     * told otherwise, and removes the oldest runs beyond the last 20 there.
     */
    public static RunFolder create(@Nullable Path wanted, String job) throws EnvironmentException {
        Path folder = wanted != null ? wanted.toAbsolutePath() : runs();
        try {
            Path made;
            if (wanted != null) {
                made = Files.createDirectories(folder);
            } else {
                Files.createDirectories(folder);
                made =
                        unique(
                                folder,
                                job
                                        + "-"
                                        + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP));
                prune(folder);
            }
            Files.writeString(made.resolve(PID_FILE), Long.toString(ProcessHandle.current().pid()));
            return new RunFolder(made);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot make a folder for the run's logs in "
                            + folder
                            + ": "
                            + e.getMessage()
                            + "; name another with --run-dir",
                    e);
        }
    }

    private static Path runs() {
        @Nullable String state = System.getenv("XDG_STATE_HOME");
        Path base =
                state != null && !state.isEmpty()
                        ? Path.of(state)
                        : Path.of(System.getProperty("user.home", "."), ".local", "state");
        return base.resolve("coxswain").resolve("runs");
    }

    private static Path unique(Path folder, String name) throws IOException {
        for (int i = 1; ; i++) {
            try {
                return Files.createDirectory(folder.resolve(i == 1 ? name : name + "-" + i));
            } catch (FileAlreadyExistsException e) {
                // Another run of this job began in the same second.
            }
        }
    }

    private static void prune(Path runs) throws IOException {
        List<Path> oldestFirst;
        try (var folders = Files.list(runs)) {
            oldestFirst =
                    folders.filter(folder -> Files.exists(folder.resolve(PID_FILE)))
                            .sorted(
                                    Comparator.comparing(
                                            folder -> modified(folder.resolve(PID_FILE))))
                            .toList();
        }
        for (Path folder : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - (KEPT - 1)))) {
            if (!inUse(folder)) {
                delete(folder);
            }
        }
    }

    private static java.nio.file.attribute.FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return java.nio.file.attribute.FileTime.fromMillis(0);
        }
    }

    private static boolean inUse(Path folder) {
        try {
            return ProcessHandle.of(
                            Long.parseLong(Files.readString(folder.resolve(PID_FILE)).strip()))
                    .isPresent();
        } catch (IOException | NumberFormatException e) {
            return false;
        }
    }

    /** The file that the named process logs to. */
    public Path log(String process) {
        return path.resolve(process + ".log");
    }

    /** Where the run's coordinator is reached, {@code host:port}, while it runs. */
    public Path address() {
        return path.resolve("coordinator.address");
    }

    /** The journal of the run's events. */
    public Path events() {
        return path.resolve("events.jsonl");
    }

    /** A folder in it; made by whoever uses it. */
    public Path folder(String name) {
        return path.resolve(name);
    }

    /**
     * Removes a folder and everything in it. What is gone already, or goes meanwhile by another
     * hand, is no error.
     */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
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
                    public FileVisitResult visitFileFailed(Path file, IOException failure)
                            throws IOException {
                        if (failure instanceof NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw failure;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @Nullable IOException failure) throws IOException {
                        if (failure != null && !(failure instanceof NoSuchFileException)) {
                            throw failure;
                        }
                        Files.deleteIfExists(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
