package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.plugins.CompiledPrograms;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Compiled programs on disk, one file each, named by a digest of everything that the compilation
 * depends on. A file is written elsewhere and moved into place, so that readers see all of it or
 * none; one that is damaged counts as absent and is replaced. Several processes may use one folder.
 * Nothing depends on it: what cannot be read or written is logged. What was used long ago is
 * deleted when something is written ({@link CompiledPrograms}).
 *
 * <p>A file: {@code COXEXEC1}, the key's 32 bytes, u64 length, SHA-256 of the program, the program;
 * little-endian.
 */
final class ExecutableCache {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutableCache.class);
    private static final byte[] MAGIC = "COXEXEC1".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGEST_BYTES = 32;
    private static final int HEADER_BYTES = MAGIC.length + DIGEST_BYTES + Long.BYTES + DIGEST_BYTES;

    private final @Nullable Path folder;

    /**
     * @param folder where the files are; null for a cache that keeps nothing
     */
    ExecutableCache(@Nullable Path folder) {
        this.folder = folder;
    }

    /** The name of a program: the digest of all that its compilation depends on. */
    static String key(
            String moduleSha256, String pluginSha256, String target, String flags, String cpu) {
        String text =
                String.join("\n", "executable-1", moduleSha256, pluginSha256, target, flags, cpu);
        return Sha256.hex(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether anything is kept. */
    boolean isKeeping() {
        return folder != null;
    }

    /** The program of a key, if it is there and intact. */
    Optional<byte[]> read(String key) {
        if (folder == null) {
            return Optional.empty();
        }
        Path file = file(folder, key);
        try {
            byte[] program = program(key, Files.readAllBytes(file));
            CompiledPrograms.used(file);
            return Optional.of(program);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.warn("compiled program {} is not used, and made anew: {}", file, e.getMessage());
            return Optional.empty();
        }
    }

    /** Keeps a program; replaces what is there. */
    void write(String key, byte[] program) {
        if (folder == null) {
            return;
        }
        Path file = file(folder, key);
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.addExact(HEADER_BYTES, program.length))
                        .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(MAGIC).put(HexFormat.of().parseHex(key)).putLong(program.length);
        bytes.put(HexFormat.of().parseHex(Sha256.hex(program))).put(program);
        try {
            Files.createDirectories(folder);
            Path written = Files.createTempFile(folder, key, ".new");
            try {
                Files.write(written, bytes.array());
                Files.move(
                        written,
                        file,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) {
            LOG.warn("compiled program {} could not be kept: {}", file, e.toString());
            return;
        }
        prune(folder);
    }

    private static void prune(Path folder) {
        try {
            CompiledPrograms.Usage deleted =
                    new CompiledPrograms(folder)
                            .prune(CompiledPrograms.Limits.ofThisProcess(), Instant.now());
            if (deleted.programs() > 0) {
                LOG.info(
                        "deleted {} compiled programs of {} bytes that were used longest ago",
                        deleted.programs(),
                        deleted.bytes());
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("compiled programs in {} are not pruned: {}", folder, e.getMessage());
        }
    }

    private static Path file(Path folder, String key) {
        return folder.resolve(key + CompiledPrograms.SUFFIX);
    }

    private static byte[] program(String key, byte[] file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        try {
            byte[] magic = new byte[MAGIC.length];
            byte[] name = new byte[DIGEST_BYTES];
            byte[] digest = new byte[DIGEST_BYTES];
            bytes.get(magic).get(name);
            long length = bytes.getLong();
            bytes.get(digest);
            if (!Arrays.equals(magic, MAGIC)
                    || !HexFormat.of().formatHex(name).equals(key)
                    || length != bytes.remaining()) {
                throw new IOException("its header is not that of program " + key);
            }
            byte[] program = new byte[bytes.remaining()];
            bytes.get(program);
            if (!HexFormat.of().formatHex(digest).equals(Sha256.hex(program))) {
                throw new IOException("its bytes do not fit its digest");
            }
            return program;
        } catch (BufferUnderflowException e) {
            throw new IOException("it is cut short at %d bytes".formatted(file.length), e);
        }
    }
}
