package io.coxswain.coordinator.journal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a journal is and how much room it takes: {@code file}, and what came before in {@code
 * file.1} (the newest) to {@code file.N}.
 *
 * @param file the file that is written; its folder must exist
 * @param fileBytes a file is closed before it would grow beyond this; a single longer line has a
 *     file of its own. 64 KiB to 1 GiB
 * @param files kept in all, 1 to 1,000
 */
public record JournalSettings(Path file, long fileBytes, int files) {
    /** Room for some 100,000 events a file, and for all files 256 MiB. */
    public static final long DEFAULT_FILE_BYTES = 32L << 20;

    public static final int DEFAULT_FILES = 8;

    private static final long LEAST_BYTES = 64L << 10;
    private static final long MOST_BYTES = 1L << 30;
    private static final int MOST_FILES = 1_000;

    public JournalSettings {
        if (file.getFileName() == null || file.toString().isEmpty()) {
            throw new IllegalArgumentException("a journal needs a file's name, got '" + file + "'");
        }
        if (fileBytes < LEAST_BYTES || fileBytes > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "a journal's files take "
                            + LEAST_BYTES
                            + " to "
                            + MOST_BYTES
                            + " bytes each, got "
                            + fileBytes);
        }
        if (files < 1 || files > MOST_FILES) {
            throw new IllegalArgumentException(
                    "a journal has 1 to " + MOST_FILES + " files, got " + files);
        }
    }

    /** With the default sizes. */
    public static JournalSettings of(Path file) {
        return new JournalSettings(file, DEFAULT_FILE_BYTES, DEFAULT_FILES);
    }

    /** The n-th file before the one that is written. */
    Path former(int n) {
        return file.resolveSibling(file.getFileName() + "." + n);
    }

    /** What a reader reads, oldest first; they need not exist. */
    List<Path> oldestFirst() {
        var all = new ArrayList<Path>();
        for (int n = files - 1; n >= 1; n--) {
            all.add(former(n));
        }
        all.add(file);
        return all;
    }
}
