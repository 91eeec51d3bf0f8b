package io.coxswain.bridge.pjrt.bundle;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes safetensors files. */
public final class TestTensors {
    private final List<String> entries = new ArrayList<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    /** Adds a tensor of bytes. */
    public TestTensors add(String name, String dtype, List<Long> shape, byte[] bytes) {
        int begin = data.size();
        data.writeBytes(bytes);
        entries.add(
                "\"%s\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d, %d]}"
                        .formatted(name, dtype, shape, begin, data.size()));
        return this;
    }

    /** Adds a tensor of float32. */
    public TestTensors floats(String name, List<Long> shape, float... values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return add(name, "F32", shape, bytes.array());
    }

    /** Adds a tensor of int64. */
    public TestTensors longs(String name, List<Long> shape, long... values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return add(name, "I64", shape, bytes.array());
    }

    /** The file's bytes. */
    public byte[] bytes() {
        return file("{" + String.join(", ", entries) + "}", data.toByteArray());
    }

    /** Writes the file. */
    public Path write(Path file) throws IOException {
        return Files.write(file, bytes());
    }

    /** A file of any header and any data. */
    static byte[] file(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + text.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(data)
                .array();
    }
}
