package io.coxswain.bridge.arena;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * One arena: a file, meant for tmpfs, that several processes map. It has the exchange buffers of a
 * rank (parameters, gradients of its microshards, reduced gradient), the worker's live state, and
 * slots for snapshots or copies; any of them may have size 0. {@code docs/arena.md} describes the
 * bytes.
 *
 * <p>Any thread. {@link #close} unmaps: afterwards its regions and slots throw {@link
 * IllegalStateException}, and memory views handed to code outside the JVM must not be used any
 * more. The file itself stays until somebody deletes it.
 */
public final class ArenaFile implements AutoCloseable {
    /**
     * How large the parts of an arena are.
     *
     * @param parameterElements float32 elements of the parameters, and of each gradient buffer
     * @param gradientBuffers how many gradient buffers: the rank's microshards
     * @param reducedElements float32 elements of the reduced gradient: the shard's
     * @param liveBytes bytes of live state that a runtime keeps in the arena
     * @param slots how many slots
     * @param slotDataBytes bytes of data of each slot
     * @param maxPieces pieces of each slot, at most
     */
    public record Shape(
            long parameterElements,
            int gradientBuffers,
            long reducedElements,
            long liveBytes,
            int slots,
            long slotDataBytes,
            int maxPieces) {
        /** Checks that nothing is negative. */
        public Shape {
            if (parameterElements < 0
                    || gradientBuffers < 0
                    || reducedElements < 0
                    || liveBytes < 0
                    || slots < 0
                    || slotDataBytes < 0
                    || maxPieces < 0) {
                throw new IllegalArgumentException(
                        "an arena's parts cannot have negative sizes: parameters %d, gradients %d, reduced %d, live %d, slots %d of %d bytes, pieces %d"
                                .formatted(
                                        parameterElements,
                                        gradientBuffers,
                                        reducedElements,
                                        liveBytes,
                                        slots,
                                        slotDataBytes,
                                        maxPieces));
            }
        }

        /** An arena that holds only slots, as a holder of copies makes it. */
        public static Shape slotsOnly(int slots, long slotDataBytes, int maxPieces) {
            return new Shape(0, 0, 0, 0, slots, slotDataBytes, maxPieces);
        }

        /** How long the file is: what it takes of shared memory. */
        public long fileBytes() {
            return slotOffset(slots);
        }

        long gradientOffset(int buffer) {
            return ArenaFormat.HEADER_BYTES + floats(parameterElements) * (1L + buffer);
        }

        long reducedOffset() {
            return gradientOffset(gradientBuffers);
        }

        long liveOffset() {
            return ArenaFormat.align(
                    reducedOffset() + floats(reducedElements), ArenaFormat.PAGE_BYTES);
        }

        long slotOffset(int slot) {
            long first =
                    ArenaFormat.align(
                            Math.addExact(liveOffset(), liveBytes), ArenaFormat.PAGE_BYTES);
            return Math.addExact(first, Math.multiplyExact(slotBytes(), (long) slot));
        }

        long slotBytes() {
            return Math.addExact(
                    slotDataOffset(), ArenaFormat.align(slotDataBytes, ArenaFormat.PAGE_BYTES));
        }

        long slotDataOffset() {
            return ArenaFormat.align(
                    ArenaFormat.SLOT_HEADER_BYTES
                            + ArenaFormat.tableCapacity(maxPieces)
                            + slotCrcBytes(),
                    ArenaFormat.PAGE_BYTES);
        }

        long slotCrcBytes() {
            return ArenaFormat.align(
                    (long) Integer.BYTES * ArenaFormat.chunkCapacity(slotDataBytes, maxPieces),
                    ArenaFormat.LINE_BYTES);
        }

        private static long floats(long elements) {
            return ArenaFormat.align(
                    Math.multiplyExact(elements, (long) Float.BYTES), ArenaFormat.LINE_BYTES);
        }
    }

    private static final int ZEROS_BYTES = 1 << 20;

    private final Path path;
    private final Shape shape;
    private final Arena arena;
    private final MemorySegment file;
    private final FloatRegion parameters;
    private final List<FloatRegion> gradients;
    private final FloatRegion reduced;
    private final ByteRegion live;
    private final List<Slot> slots;

    private ArenaFile(Path path, Shape shape, Arena arena, MemorySegment file) {
        this.path = path;
        this.shape = shape;
        this.arena = arena;
        this.file = file;
        this.parameters = floats(ArenaFormat.HEADER_BYTES, shape.parameterElements());
        List<FloatRegion> buffers = new ArrayList<>();
        for (int buffer = 0; buffer < shape.gradientBuffers(); buffer++) {
            buffers.add(floats(shape.gradientOffset(buffer), shape.parameterElements()));
        }
        this.gradients = List.copyOf(buffers);
        this.reduced = floats(shape.reducedOffset(), shape.reducedElements());
        this.live = new ByteRegion(file.asSlice(shape.liveOffset(), shape.liveBytes()));
        List<Slot> all = new ArrayList<>();
        for (int slot = 0; slot < shape.slots(); slot++) {
            all.add(new Slot(slot, shape, file.asSlice(shape.slotOffset(slot), shape.slotBytes())));
        }
        this.slots = List.copyOf(all);
    }

    /**
     * Makes an arena. All its memory is reserved before this returns, so that no later access can
     * fail for lack of it.
     *
     * @throws ArenaException if the file exists or there is too little room; nothing is left behind
     *     then
     */
    public static ArenaFile create(Path file, Shape shape) throws IOException {
        long bytes = shape.fileBytes();
        FileAttribute<?> ownerOnly =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        Set<StandardOpenOption> options =
                Set.of(
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options, ownerOnly)) {
            try {
                reserve(file, channel, bytes);
                return map(file, shape, channel, bytes, true);
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(file);
                throw e;
            }
        } catch (FileAlreadyExistsException e) {
            throw new ArenaException(
                    "arena %s exists already; each worker generation needs a file of its own"
                            .formatted(file),
                    e);
        }
    }

    /**
     * Maps an arena that somebody made.
     *
     * @throws ArenaException if it is missing, cut off, of another version, or its header is
     *     damaged
     */
    public static ArenaFile open(Path file) throws IOException {
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options)) {
            ByteBuffer header =
                    ByteBuffer.allocate(ArenaFormat.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            while (header.hasRemaining() && channel.read(header, header.position()) > 0) {
                // read on
            }
            Shape shape = readHeader(file, header, channel.size());
            return map(file, shape, channel, shape.fileBytes(), false);
        } catch (NoSuchFileException e) {
            throw new ArenaException("arena %s does not exist".formatted(file), e);
        }
    }

    /** How large its parts are. */
    public Shape shape() {
        return shape;
    }

    /** Where the file is. */
    public Path path() {
        return path;
    }

    /** The full parameter vector. */
    public FloatRegion parameters() {
        return parameters;
    }

    /** The gradient of one of the rank's microshards, as long as the parameters. */
    public FloatRegion gradient(int buffer) {
        return gradients.get(buffer);
    }

    /** The reduced gradient of the rank's shard. */
    public FloatRegion reduced() {
        return reduced;
    }

    /** Live state that a runtime keeps in the arena. */
    public ByteRegion live() {
        return live;
    }

    /** One of the slots. */
    public Slot slot(int index) {
        return slots.get(index);
    }

    /** How many slots there are. */
    public int slots() {
        return slots.size();
    }

    /**
     * Enters every page into this process's page table, so that the first copy into it is as fast
     * as the next. Takes a fraction of a millisecond per MiB; any thread.
     */
    public void prefault() {
        file.load();
    }

    /** Unmaps the file; it stays on tmpfs. Safe to repeat. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    @Override
    public String toString() {
        return "ArenaFile[%s, %s]".formatted(path, shape);
    }

    private FloatRegion floats(long offset, long elements) {
        return new FloatRegion(file.asSlice(offset, elements * Float.BYTES), elements);
    }

    private static void reserve(Path file, FileChannel channel, long bytes) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        long usable = Files.getFileStore(folder == null ? file : folder).getUsableSpace();
        if (bytes > usable) {
            throw tooSmall(file, bytes, usable, null);
        }
        // Written, not just made long: a page of a sparse file is allocated at its first store, and
        // when tmpfs is full
        // that store kills the process with SIGBUS.
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, ZEROS_BYTES));
        long at = 0;
        try {
            while (at < bytes) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                at += channel.write(zeros, at);
            }
        } catch (IOException e) {
            throw tooSmall(file, bytes, at, e);
        }
    }

    private static ArenaException tooSmall(
            Path file, long bytes, long usable, @Nullable IOException cause) {
        String message =
                "arena %s needs %d bytes (%.1f MiB) of shared memory, but only %d bytes (%.1f MiB) are free there; free some, enlarge that file system, or lower the state size, copies or slots"
                        .formatted(file, bytes, bytes / 1048576.0, usable, usable / 1048576.0);
        return cause == null ? new ArenaException(message) : new ArenaException(message, cause);
    }

    private static ArenaFile map(
            Path file, Shape shape, FileChannel channel, long bytes, boolean fresh)
            throws IOException {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            if (fresh) {
                writeHeader(shape, segment);
            }
            return new ArenaFile(file, shape, arena, segment);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static void writeHeader(Shape shape, MemorySegment file) {
        file.set(ArenaFormat.INT, ArenaFormat.AT_VERSION, ArenaFormat.VERSION);
        file.set(ArenaFormat.INT, ArenaFormat.AT_HEADER_BYTES, ArenaFormat.HEADER_BYTES);
        file.set(ArenaFormat.LONG, ArenaFormat.AT_FILE_BYTES, shape.fileBytes());
        file.set(ArenaFormat.LONG, ArenaFormat.AT_PARAMETER_ELEMENTS, shape.parameterElements());
        file.set(ArenaFormat.INT, ArenaFormat.AT_GRADIENT_BUFFERS, shape.gradientBuffers());
        file.set(ArenaFormat.INT, ArenaFormat.AT_SLOTS, shape.slots());
        file.set(ArenaFormat.LONG, ArenaFormat.AT_REDUCED_ELEMENTS, shape.reducedElements());
        file.set(ArenaFormat.LONG, ArenaFormat.AT_LIVE_BYTES, shape.liveBytes());
        file.set(ArenaFormat.LONG, ArenaFormat.AT_SLOT_DATA_BYTES, shape.slotDataBytes());
        file.set(ArenaFormat.INT, ArenaFormat.AT_MAX_PIECES, shape.maxPieces());
        // The magic number is covered by the CRC but stored last: a file whose maker died has none.
        CRC32C crc = new CRC32C();
        crc.update(
                ByteBuffer.allocate(Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(ArenaFormat.MAGIC)
                        .flip());
        ArenaFormat.update(crc, file, Long.BYTES, ArenaFormat.HEADER_CRC_COVERS - Long.BYTES);
        file.set(ArenaFormat.INT, ArenaFormat.AT_HEADER_CRC, (int) crc.getValue());
        ArenaFormat.LONG_HANDLE.setRelease(file, (long) ArenaFormat.AT_MAGIC, ArenaFormat.MAGIC);
    }

    private static Shape readHeader(Path file, ByteBuffer header, long actualBytes)
            throws ArenaException {
        if (header.hasRemaining()) {
            throw new ArenaException(
                    "arena %s has only %d bytes, not even a header".formatted(file, actualBytes));
        }
        long magic = header.getLong(ArenaFormat.AT_MAGIC);
        if (magic != ArenaFormat.MAGIC) {
            throw new ArenaException(
                    "%s is no arena, or its maker died: it begins with %016x, expected %016x"
                            .formatted(file, magic, ArenaFormat.MAGIC));
        }
        int version = header.getInt(ArenaFormat.AT_VERSION);
        int expected = header.getInt(ArenaFormat.AT_HEADER_CRC);
        int crc =
                ArenaFormat.crc(
                        MemorySegment.ofBuffer(header.clear()), 0, ArenaFormat.HEADER_CRC_COVERS);
        if (crc != expected) {
            throw new ArenaException(
                    "arena %s has a damaged header: CRC %08x, expected %08x"
                            .formatted(file, crc, expected));
        }
        if (version != ArenaFormat.VERSION) {
            throw new ArenaException(
                    "arena %s has version %d, this program reads version %d"
                            .formatted(file, version, ArenaFormat.VERSION));
        }
        Shape shape;
        try {
            shape =
                    new Shape(
                            header.getLong(ArenaFormat.AT_PARAMETER_ELEMENTS),
                            header.getInt(ArenaFormat.AT_GRADIENT_BUFFERS),
                            header.getLong(ArenaFormat.AT_REDUCED_ELEMENTS),
                            header.getLong(ArenaFormat.AT_LIVE_BYTES),
                            header.getInt(ArenaFormat.AT_SLOTS),
                            header.getLong(ArenaFormat.AT_SLOT_DATA_BYTES),
                            header.getInt(ArenaFormat.AT_MAX_PIECES));
        } catch (IllegalArgumentException e) {
            throw new ArenaException("arena %s: %s".formatted(file, e.getMessage()), e);
        }
        long bytes = header.getLong(ArenaFormat.AT_FILE_BYTES);
        if (bytes != shape.fileBytes() || actualBytes != bytes) {
            throw new ArenaException(
                    "arena %s has %d bytes; its header says %d and its shape makes %d"
                            .formatted(file, actualBytes, bytes, shape.fileBytes()));
        }
        return shape;
    }
}
