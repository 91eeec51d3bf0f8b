package io.coxswain.bridge.vectors;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** A small arena with a slot in each state. */
final class ArenaVectors {
    private static final HexFormat HEX = HexFormat.of();
    private static final int HEADER_BYTES = 72;
    private static final int SLOT_HEADER_BYTES = 128;

    static final ArenaFile.Shape SHAPE =
            new ArenaFile.Shape(5, 2, 3, 100, 4, (1 << 20) + 1000, 3);

    private ArenaVectors() {}

    static List<SlotTable.Box> boxes() {
        return List.of(
                new SlotTable.Box(
                        "dense/w", "f32", List.of(4L, 6L), List.of(2L, 0L), List.of(2L, 6L), false,
                        48),
                new SlotTable.Box(
                        "rng", "u8", List.of(16L), List.of(0L), List.of(16L), true, 16),
                new SlotTable.Box(
                        "größe",
                        "u8",
                        List.of(2097162L),
                        List.of(1048581L),
                        List.of(1048581L),
                        false,
                        1048581));
    }

    static SlotTable.Meta meta() {
        return SlotTable.Meta.layOut("job-1", 3, 17, 1, boxes());
    }

    /** Byte i of the data area. */
    static byte data(int i) {
        return (byte) ((i * 31 + 7) % 251);
    }

    static Map<String, Object> asJson(Path file) throws IOException {
        SlotTable.Meta meta = meta();
        byte[] data = new byte[(int) meta.dataBytes()];
        for (int i = 0; i < data.length; i++) {
            data[i] = data(i);
        }
        SlotTable table;
        try (ArenaFile arena = ArenaFile.create(file, SHAPE)) {
            write(arena, 1, data);
            write(arena, 2, data).filled();
            SlotWriter committed = write(arena, 3, data);
            committed.checksum();
            committed.commit();
            table = arena.slot(3).table();
        }
        byte[] bytes = Files.readAllBytes(file);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("header", header(bytes));
        json.put("table", table(meta));
        json.put("data", "byte i of the data area is (31 * i + 7) mod 251");
        json.put("chunks", chunks(table));
        json.put("digest", HEX.formatHex(table.digest()));
        json.put(
                "slots",
                List.of(
                        slot(bytes, 0, "empty", "as it was made"),
                        slot(bytes, 1, "writing", "data are being written: not to be trusted"),
                        slot(
                                bytes,
                                2,
                                "filled",
                                "data and table in place; the CRC is that of the table alone"),
                        slot(bytes, 3, "committed", "complete")));
        json.put("crc32c", List.of(crc(""), crc("123456789"), crc("coxswain")));
        return json;
    }

    private static SlotWriter write(ArenaFile arena, int slot, byte[] data) {
        SlotWriter writer = arena.slot(slot).write(meta());
        writer.data().write(0, data, 0, data.length);
        return writer;
    }

    private static Map<String, Object> header(byte[] file) {
        ByteBuffer words = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        Map<String, Object> shape = new LinkedHashMap<>();
        shape.put("parameters", SHAPE.parameterElements());
        shape.put("gradients", SHAPE.gradientBuffers());
        shape.put("reduced", SHAPE.reducedElements());
        shape.put("live", SHAPE.liveBytes());
        shape.put("slots", SHAPE.slots());
        shape.put("slot_data", SHAPE.slotDataBytes());
        shape.put("pieces", SHAPE.maxPieces());
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("meaning", "the first 72 bytes; zeros follow up to 4096");
        header.put("shape", shape);
        header.put("file_bytes", words.getLong(16));
        header.put("hex", HEX.formatHex(file, 0, HEADER_BYTES));
        return header;
    }

    private static Map<String, Object> table(SlotTable.Meta meta) {
        Map<String, Object> table = new LinkedHashMap<>();
        table.put("job_id", meta.jobId());
        table.put("epoch", meta.epoch());
        table.put("step", meta.step());
        table.put("shard", meta.shard());
        table.put("data_bytes", meta.dataBytes());
        table.put("chunk_bytes", meta.chunkBytes());
        List<Object> pieces = new ArrayList<>();
        for (SlotTable.Piece piece : meta.pieces()) {
            SlotTable.Box box = piece.box();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("at", piece.dataOffset());
            entry.put("size", box.bytes());
            entry.put("per_rank", box.perRank());
            entry.put("leaf", box.leaf());
            entry.put("dtype", box.dtype());
            entry.put("shape", box.globalShape());
            entry.put("offset", box.offset());
            entry.put("extent", box.extent());
            pieces.add(entry);
        }
        table.put("pieces", pieces);
        table.put("hex", HEX.formatHex(meta.encode()));
        return table;
    }

    private static List<Object> chunks(SlotTable table) {
        List<Object> chunks = new ArrayList<>();
        List<SlotTable.Chunk> all = table.meta().chunks();
        for (int i = 0; i < all.size(); i++) {
            Map<String, Object> chunk = new LinkedHashMap<>();
            chunk.put("piece", all.get(i).piece());
            chunk.put("at", all.get(i).offset());
            chunk.put("length", all.get(i).length());
            chunk.put("crc32c", HEX.toHexDigits(table.crc(i)));
            chunks.add(chunk);
        }
        return chunks;
    }

    /** The slot's bytes up to its data, without the zeros at their end. */
    private static Map<String, Object> slot(byte[] file, int index, String name, String meaning) {
        int slotBytes = (int) ((SHAPE.fileBytes() - firstSlot()) / SHAPE.slots());
        int begin = (int) firstSlot() + index * slotBytes;
        int tableBytes = align(1024 + 256 * SHAPE.maxPieces(), 64);
        int crcs = begin + SLOT_HEADER_BYTES + tableBytes;
        int table = begin + SLOT_HEADER_BYTES;
        Map<String, Object> slot = new LinkedHashMap<>();
        slot.put("index", index);
        slot.put("name", name);
        slot.put("meaning", meaning);
        slot.put("at", begin);
        slot.put("header", HEX.formatHex(file, begin, begin + SLOT_HEADER_BYTES));
        slot.put("table", HEX.formatHex(trimmed(Arrays.copyOfRange(file, table, crcs))));
        slot.put("crcs", HEX.formatHex(file, crcs, crcs + 4 * meta().chunkCount()));
        return slot;
    }

    private static long firstSlot() {
        return new ArenaFile.Shape(
                        SHAPE.parameterElements(),
                        SHAPE.gradientBuffers(),
                        SHAPE.reducedElements(),
                        SHAPE.liveBytes(),
                        0,
                        SHAPE.slotDataBytes(),
                        SHAPE.maxPieces())
                .fileBytes();
    }

    private static int align(int bytes, int to) {
        return (bytes + to - 1) / to * to;
    }

    private static byte[] trimmed(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return Arrays.copyOf(bytes, end);
    }

    private static Map<String, Object> crc(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("text", text);
        entry.put("crc32c", HEX.toHexDigits((int) crc.getValue()));
        return entry;
    }
}
