package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;

/**
 * Looks at a library before it is loaded, to say what is wrong with it in plain words: the loader's
 * own are few. Reads headers alone.
 */
final class LibraryFile {
    private static final int HEADER_BYTES = 64;
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_AT = 4;
    private static final int ORDER_AT = 5;
    private static final int TYPE_AT = 16;
    private static final int MACHINE_AT = 18;
    private static final int SEGMENTS_AT = 32;
    private static final int SEGMENT_BYTES_AT = 54;
    private static final int SEGMENT_COUNT_AT = 56;
    private static final int SEGMENT_HEADER_BYTES = 56;
    private static final int SEGMENT_OFFSET_AT = 8;
    private static final int SEGMENT_LENGTH_AT = 32;
    private static final byte CLASS_64 = 2;
    private static final byte LITTLE_ENDIAN = 1;
    private static final short SHARED_OBJECT = 3;

    // e_machine of the ELF header, by Java's name of the architecture.
    private static final Map<String, Short> MACHINES =
            Map.of(
                    "amd64",
                    (short) 62,
                    "x86_64",
                    (short) 62,
                    "aarch64",
                    (short) 183,
                    "riscv64",
                    (short) 243);
    private static final Map<Short, String> NAMES =
            Map.of(
                    (short) 3, "x86 (32 bit)",
                    (short) 21, "ppc64",
                    (short) 22, "s390x",
                    (short) 40, "arm (32 bit)",
                    (short) 62, "x86-64",
                    (short) 183, "aarch64",
                    (short) 243, "riscv");

    private LibraryFile() {}

    /** Refuses a file that cannot be a library of this machine. */
    static void check(Path library) throws PjrtException {
        if (!Files.exists(library)) {
            throw new PjrtException(Code.NOT_FOUND, "there is no plugin %s".formatted(library));
        }
        if (!Files.isRegularFile(library)) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT, "plugin %s is not a file".formatted(library));
        }
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(library, StandardOpenOption.READ)) {
            checkElf(library, channel);
        } catch (IOException e) {
            throw new PjrtException(
                    Code.PERMISSION_DENIED,
                    "plugin %s cannot be read: %s".formatted(library, e.getMessage()),
                    e);
        }
    }

    private static void checkElf(Path library, FileChannel channel)
            throws IOException, PjrtException {
        ByteBuffer header = read(channel, 0, HEADER_BYTES);
        if (header.remaining() < HEADER_BYTES || header.getInt(0) != MAGIC) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "plugin %s is not a shared library (no ELF header)".formatted(library));
        }
        String architecture = System.getProperty("os.arch", "");
        short machine = header.getShort(MACHINE_AT);
        if (header.get(CLASS_AT) != CLASS_64
                || header.get(ORDER_AT) != LITTLE_ENDIAN
                || machine != MACHINES.getOrDefault(architecture, machine)) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "plugin %s is made for another architecture: %s, and this machine is %s"
                            .formatted(
                                    library,
                                    NAMES.getOrDefault(machine, "ELF machine " + machine),
                                    architecture));
        }
        if (header.getShort(TYPE_AT) != SHARED_OBJECT) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "plugin %s is not a shared library (ELF type %d)"
                            .formatted(library, header.getShort(TYPE_AT)));
        }
        // The loader maps segments without a look at the file's length: touching what is not there
        // would kill the process.
        long needed = neededBytes(channel, header);
        if (needed > channel.size()) {
            throw new PjrtException(
                    Code.DATA_LOSS,
                    "plugin %s is truncated: it has %d bytes of at least %d"
                            .formatted(library, channel.size(), needed));
        }
    }

    private static long neededBytes(FileChannel channel, ByteBuffer header) throws IOException {
        int count = Short.toUnsignedInt(header.getShort(SEGMENT_COUNT_AT));
        int bytes = Short.toUnsignedInt(header.getShort(SEGMENT_BYTES_AT));
        long needed = HEADER_BYTES;
        for (int i = 0; i < count; i++) {
            long at = header.getLong(SEGMENTS_AT) + (long) i * bytes;
            ByteBuffer segment = read(channel, at, SEGMENT_HEADER_BYTES);
            needed =
                    segment.remaining() < SEGMENT_HEADER_BYTES
                            ? Math.max(needed, at + SEGMENT_HEADER_BYTES)
                            : Math.max(
                                    needed,
                                    segment.getLong(SEGMENT_OFFSET_AT)
                                            + segment.getLong(SEGMENT_LENGTH_AT));
        }
        return needed;
    }

    private static ByteBuffer read(FileChannel channel, long position, int count)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {
            // Reads on until all is there or the file ends.
        }
        return bytes.flip();
    }
}
