package io.coxswain.security.authority;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** PEM files that must not be there yet; all of them are made, or none stays behind. */
final class NewFiles {
    private static final Base64.Encoder LINES =
            Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

    private final Path folder;
    private final List<Path> made = new ArrayList<>();
    private boolean done;

    NewFiles(Path folder) {
        this.folder = folder;
    }

    /** Refuses before anything is made. */
    void plan(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw exists(file, null);
            }
        }
        if (!Files.isDirectory(folder)) {
            try {
                Files.createDirectories(folder, attributes("rwx------"));
            } catch (IOException failed) {
                throw new IOException("cannot make the folder " + folder + ": " + failed, failed);
            }
        }
    }

    void write(String name, String label, byte[] der, boolean secret) throws IOException {
        Path file = folder.resolve(name);
        String text =
                "-----BEGIN "
                        + label
                        + "-----\n"
                        + LINES.encodeToString(der)
                        + "\n-----END "
                        + label
                        + "-----\n";
        Set<StandardOpenOption> fresh =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (SeekableByteChannel out =
                Files.newByteChannel(file, fresh, attributes(secret ? "rw-------" : "rw-r--r--"))) {
            made.add(file);
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (FileAlreadyExistsException raced) {
            throw exists(file, raced);
        } catch (IOException failed) {
            throw new IOException("cannot write " + file + ": " + failed, failed);
        }
    }

    private static IOException exists(Path file, @Nullable IOException cause) {
        return new IOException(
                file
                        + " is there already and is not overwritten; name another folder, or move"
                        + " the file away",
                cause);
    }

    private static FileAttribute<?>[] attributes(String mode) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))
                }
                : new FileAttribute<?>[0];
    }

    /** Everything was written. */
    void done() {
        done = true;
    }

    /** Takes away what was made, unless all was. */
    void close() throws IOException {
        if (!done) {
            for (Path file : made) {
                Files.deleteIfExists(file);
            }
        }
    }
}
