package io.coxswain.bridge.pjrt.plugins;

import io.coxswain.bridge.data.Sha256;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;

/**
 * SHA-256 of large files, remembered by size and modification time, since a worker that comes back
 * after a failure must not read 200 MB first. Safe for use by several processes at once.
 */
final class Digests {
    /** A file that changed a moment ago may change again without its time telling. */
    private static final Duration SETTLED = Duration.ofSeconds(2);

    private static final int BUFFER_BYTES = 1 << 20;

    private final Path folder;

    Digests(Path folder) {
        this.folder = folder;
    }

    /** The digest as remembered, or computed if the file changed. */
    String of(Path file) throws IOException {
        String stamp = stamp(file);
        Path memory = memory(file);
        String known = read(memory);
        if (known.startsWith(stamp)) {
            return known.substring(stamp.length());
        }
        return compute(file);
    }

    /** The digest of the bytes as they are now; remembers it. */
    String compute(Path file) throws IOException {
        String before = stamp(file);
        String digest = sha256(file);
        String after = stamp(file);
        if (before.equals(after)) {
            remember(file, after, digest);
        }
        return digest;
    }

    static String sha256(Path file) throws IOException {
        MessageDigest digest = Sha256.digest();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    // Nothing depends on it: what cannot be kept is computed again.
    private void remember(Path file, String stamp, String digest) throws IOException {
        FileTime modified = Files.getLastModifiedTime(file);
        if (modified.toInstant().isAfter(Instant.now().minus(SETTLED))) {
            return;
        }
        try {
            Files.createDirectories(folder);
            Path temporary = Files.createTempFile(folder, "digest-", ".tmp");
            Files.writeString(temporary, stamp + digest);
            Files.move(temporary, memory(file), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | UncheckedIOException e) {
            // Slower next time.
        }
    }

    private Path memory(Path file) throws IOException {
        byte[] name = file.toRealPath().toString().getBytes(StandardCharsets.UTF_8);
        return folder.resolve(
                HexFormat.of().formatHex(Sha256.digest().digest(name)).substring(0, 32));
    }

    private static String read(Path memory) {
        try {
            return Files.readString(memory);
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }

    private static String stamp(Path file) throws IOException {
        Instant modified = Files.getLastModifiedTime(file).toInstant();
        return Files.size(file) + " " + modified.getEpochSecond() + "." + modified.getNano() + " ";
    }
}
