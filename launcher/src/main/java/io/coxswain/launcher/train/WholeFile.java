package io.coxswain.launcher.train;

import io.coxswain.launcher.config.ConfigException;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * Files that a person asked for by an option: a reader sees all of one, or what was there before. A
 * device, a pipe or a link ({@code /dev/null}, {@code /dev/stdout}) is written to as it is: to
 * replace it would take it from everybody else.
 */
public final class WholeFile {
    /** Fills a file. */
    @FunctionalInterface
    public interface Writing {
        /**
         * Writes all of it.
         *
         * @throws IOException if that fails
         */
        void to(Path file) throws IOException;
    }

    private WholeFile() {}

    /**
     * Fails early where a file could not be written at the end.
     *
     * @param option that named it
     * @throws ConfigException with what is expected
     */
    public static void check(String option, Path file) throws ConfigException {
        Path folder = file.toAbsolutePath().getParent();
        String why = "";
        if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
            why = "expected a file name in an existing folder that can be written to";
        } else if (!replaced(file)) {
            why = Files.isWritable(file) ? "" : "it cannot be written to";
        } else {
            // Permissions do not tell: nobody makes files in /proc, and root may do everything.
            try {
                Files.delete(draft(folder));
            } catch (IOException e) {
                why = "expected a file name in a folder that can be written to: " + e.getMessage();
            }
        }
        if (!why.isEmpty()) {
            throw new ConfigException(List.of(option + ": " + file + " cannot be written: " + why));
        }
    }

    /**
     * Writes one.
     *
     * @throws IOException if it cannot be written; what was there stays
     */
    public static void write(Path file, Writing writing) throws IOException {
        Path target = file.toAbsolutePath();
        Path folder = target.getParent();
        if (folder == null) {
            throw new IOException(file + " is no file name");
        }
        if (!replaced(target)) {
            writing.to(target);
            return;
        }
        Path draft = draft(folder);
        try {
            writing.to(draft);
            try {
                Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private static boolean replaced(Path file) {
        return !Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                || Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    // With the mode that the umask gives, as any file that a command writes: others may read it.
    private static Path draft(Path folder) throws IOException {
        for (int i = 0; ; i++) {
            try {
                return Files.createFile(
                        folder.resolve(".coxswain-" + ProcessHandle.current().pid() + "-" + i));
            } catch (FileAlreadyExistsException taken) {
                // Of another thread, or left by a killed process.
            }
        }
    }
}
