package io.coxswain.coordinator.journal;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;

/**
 * Lines in files that are closed when they are full, of which a few are kept. A line is written
 * whole or not at all, as far as this process can tell; what a crash left of one is cut off when
 * the file is opened again. For one thread.
 */
final class JournalFile implements AutoCloseable {
    /** Every journal begins so. */
    private static final byte[] BEGINNING = "{\"sequence\":".getBytes(StandardCharsets.UTF_8);

    private static final int LOOK_BACK = 64 << 10;

    private final JournalSettings settings;
    private final Medium.Opener opener;
    private @Nullable Medium medium;

    /** Where the next line begins: after the last whole one. */
    private long end;

    private boolean dirty;
    private long tornBytes;

    private JournalFile(JournalSettings settings, Medium.Opener opener) {
        this.settings = settings;
        this.opener = opener;
    }

    /**
     * Opens or makes the file.
     *
     * @throws IOException if that is not possible, or what is there is no journal; the message says
     *     what to do
     */
    static JournalFile open(JournalSettings settings, Medium.Opener opener) throws IOException {
        if (Files.isDirectory(settings.file())) {
            throw new IOException("it is a folder: name a file");
        }
        var file = new JournalFile(settings, opener);
        Medium opened = opener.open(settings.file());
        try {
            file.repair(opened);
        } catch (IOException broken) {
            opened.close();
            throw broken;
        }
        file.medium = opened;
        return file;
    }

    /** Bytes of a line that a crash had left unfinished, cut off when the file was opened. */
    long tornBytes() {
        return tornBytes;
    }

    private void repair(Medium opened) throws IOException {
        long size = opened.size();
        end = size;
        if (size == 0) {
            return;
        }
        var first = ByteBuffer.allocate((int) Math.min(size, BEGINNING.length));
        opened.read(first, 0);
        if (!ByteBuffer.wrap(BEGINNING, 0, first.position()).equals(first.flip())) {
            throw new IOException(
                    "it exists and is no journal: name another file, or remove that one");
        }
        long lineEnd = lastLineEnd(opened, size);
        if (lineEnd < size) {
            tornBytes = size - lineEnd;
            opened.truncate(lineEnd);
            end = lineEnd;
        }
    }

    private static long lastLineEnd(Medium opened, long size) throws IOException {
        for (long until = size; until > 0; ) {
            long from = Math.max(0, until - LOOK_BACK);
            var some = ByteBuffer.allocate((int) (until - from));
            opened.read(some, from);
            for (int i = some.position() - 1; i >= 0; i--) {
                if (some.get(i) == '\n') {
                    return from + i + 1;
                }
            }
            until = from;
        }
        return 0;
    }

    /** Writes one line; after an exception nothing of it is there, and the next may be tried. */
    void append(String line) throws IOException {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        if (end > 0 && end + bytes.length > settings.fileBytes()) {
            turnOver();
        }
        Medium to = ready();
        dirty = true;
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        try {
            while (rest.hasRemaining()) {
                to.write(rest, end + rest.position());
            }
        } catch (IOException full) {
            cutOff(to, full);
            throw full;
        }
        dirty = false;
        end += bytes.length;
    }

    // If that fails too it is tried again before the next line.
    private void cutOff(Medium from, IOException why) {
        try {
            from.truncate(end);
            dirty = false;
        } catch (IOException also) {
            why.addSuppressed(also);
        }
    }

    private Medium ready() throws IOException {
        Medium open = medium;
        if (open == null) {
            open = opener.open(settings.file());
            medium = open;
            end = open.size();
            dirty = false;
        }
        if (dirty) {
            open.truncate(end);
            dirty = false;
        }
        return open;
    }

    private void turnOver() throws IOException {
        Medium full = ready();
        full.force();
        full.close();
        medium = null;
        // Up to the first that is missing: one that could not be moved before leaves a hole, and
        // trying again must not push out another.
        int room = 1;
        while (room < settings.files() - 1 && Files.exists(settings.former(room))) {
            room++;
        }
        for (int n = room; n > 1; n--) {
            Files.move(
                    settings.former(n - 1),
                    settings.former(n),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        if (settings.files() > 1) {
            Files.move(settings.file(), settings.former(1), StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(settings.file());
        }
        end = 0;
        var _ = ready();
    }

    @Override
    public void close() throws IOException {
        Medium open = medium;
        if (open != null) {
            medium = null;
            try (open) {
                if (dirty) {
                    open.truncate(end);
                }
                open.force();
            }
        }
    }
}
