package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.pjrt.client.TensorType;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A safetensors file, mapped read-only: u64 length of a header in JSON, the header, then the
 * tensors' bytes, little-endian and row-major. The whole header is checked when the file is opened:
 * each tensor lies inside the file, is as long as its type, and the tensors tile the data without
 * overlap or gap.
 *
 * <p>Any thread. The file must not be cut short while it is mapped. After {@link #close} the
 * tensors' memory throws {@link IllegalStateException}.
 */
public final class SafeTensors implements AutoCloseable {
    /** The longest header that is read. */
    public static final long MAX_HEADER_BYTES = 64L << 20;

    private static final String METADATA = "__metadata__";
    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena;
    private final MemorySegment file;
    private final Map<String, Tensor> tensors;

    /**
     * One tensor.
     *
     * @param data its bytes in the mapped file, at any alignment
     */
    public record Tensor(String name, TensorType type, MemorySegment data) {}

    private SafeTensors(Arena arena, MemorySegment file, Map<String, Tensor> tensors) {
        this.arena = arena;
        this.file = file;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * Maps and checks a file.
     *
     * @param complaint words the faults
     */
    public static SafeTensors open(Path path, Complaint complaint) throws RuntimeFault {
        Arena arena = Arena.ofShared();
        boolean opened = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long bytes = channel.size();
            if (bytes < Long.BYTES) {
                throw complaint.fault(
                        "no safetensors file: it has only %d bytes, not even the length of a header"
                                .formatted(bytes));
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
            SafeTensors tensors = new SafeTensors(arena, file, read(file, complaint));
            opened = true;
            return tensors;
        } catch (NoSuchFileException e) {
            throw complaint.fault("the file does not exist", e);
        } catch (IOException e) {
            throw complaint.fault("the file cannot be read: " + e, e);
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    /** The tensors by name, in the header's order. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** The tensor of a name, or null. */
    public @Nullable Tensor tensor(String name) {
        return tensors.get(name);
    }

    /** How long the file is. */
    public long fileBytes() {
        return file.byteSize();
    }

    /** SHA-256 of the whole file, in hex; reads all of it. */
    public String sha256() {
        return Sha256.hex(file);
    }

    /** Unmaps the file. Safe to repeat. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static Map<String, Tensor> read(MemorySegment file, Complaint complaint)
            throws RuntimeFault {
        long header = file.get(LENGTH, 0);
        long room = file.byteSize() - Long.BYTES;
        if (header < 0 || header > Math.min(room, MAX_HEADER_BYTES)) {
            throw complaint.fault(
                    "no safetensors file, or one cut short: it announces a header of %s bytes; %d bytes follow and at most %d are read"
                            .formatted(Long.toUnsignedString(header), room, MAX_HEADER_BYTES));
        }
        String json = text(file.asSlice(Long.BYTES, header), complaint);
        MemorySegment data = file.asSlice(Long.BYTES + header);
        JsonSection section =
                JsonSection.document(json, what -> complaint.fault("in its header, " + what));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<Span> spans = new ArrayList<>();
        for (String name : section.names()) {
            if (!name.equals(METADATA)) {
                Span span = span(name, section.section(name), data.byteSize(), complaint);
                spans.add(span);
                tensors.put(
                        name,
                        new Tensor(
                                name,
                                span.type(),
                                data.asSlice(span.begin(), span.end() - span.begin())));
            }
        }
        requireTiled(spans, data.byteSize(), complaint);
        return tensors;
    }

    private record Span(String name, TensorType type, long begin, long end) {}

    private static String text(MemorySegment header, Complaint complaint) throws RuntimeFault {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(header.asByteBuffer()).toString();
        } catch (CharacterCodingException e) {
            throw complaint.fault("no safetensors file: its header is not UTF-8", e);
        }
    }

    private static Span span(String name, JsonSection section, long dataBytes, Complaint complaint)
            throws RuntimeFault {
        String dtype = section.text("dtype");
        List<Long> shape = section.integers("shape", 0, Long.MAX_VALUE);
        List<Long> offsets = section.integers("data_offsets", 0, Long.MAX_VALUE);
        section.done();
        TensorType type =
                Types.parse(dtype.toLowerCase(Locale.ROOT), shape)
                        .orElseThrow(() ->
                                complaint.fault(
                                        "tensor %s has type %s and shape %s, which no tensor has here"
                                                .formatted(name, dtype, shape)));
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1) || offsets.get(1) > dataBytes) {
            throw complaint.fault(
                    "tensor %s lies at bytes %s of its data, of which there are %d; the file is damaged or cut short"
                            .formatted(name, offsets, dataBytes));
        }
        long bytes = offsets.get(1) - offsets.get(0);
        if (bytes != type.byteSize()) {
            throw complaint.fault(
                    "tensor %s, %s, has %d bytes, expected %d"
                            .formatted(name, type, bytes, type.byteSize()));
        }
        return new Span(name, type, offsets.get(0), offsets.get(1));
    }

    private static void requireTiled(List<Span> spans, long dataBytes, Complaint complaint)
            throws RuntimeFault {
        List<Span> inOrder = new ArrayList<>(spans);
        inOrder.sort(Comparator.comparingLong(Span::begin).thenComparingLong(Span::end));
        long end = 0;
        for (Span span : inOrder) {
            if (span.begin() < end) {
                throw complaint.fault(
                        "tensor %s begins at byte %d, inside the one before, which ends at %d"
                                .formatted(span.name(), span.begin(), end));
            }
            if (span.begin() > end) {
                throw complaint.fault(
                        "tensor %s begins at byte %d, and the %d bytes before belong to no tensor"
                                .formatted(span.name(), span.begin(), span.begin() - end));
            }
            end = span.end();
        }
        if (end != dataBytes) {
            throw complaint.fault(
                    "its tensors have %d bytes, and %d bytes of data are there"
                            .formatted(end, dataBytes));
        }
    }
}
