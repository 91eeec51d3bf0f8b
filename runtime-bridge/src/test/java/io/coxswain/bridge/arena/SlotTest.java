package io.coxswain.bridge.arena;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

class SlotTest {
    private static final long DATA_BYTES = 3 * SlotTable.CHUNK_BYTES;
    private static final ArenaFile.Shape SHAPE = ArenaFile.Shape.slotsOnly(2, DATA_BYTES, 4);

    @TempDir Path folder;
    private ArenaFile arena;

    @BeforeEach
    void make() throws IOException {
        arena = ArenaFile.create(folder.resolve("arena"), SHAPE);
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private static SlotTable.Box box(String leaf, long bytes) {
        return SlotTable.Box.range(leaf, "u8", bytes, 0, bytes, bytes);
    }

    private static SlotTable.Meta meta(long epoch, long step, SlotTable.Box... boxes) {
        return SlotTable.Meta.layOut("job-1", epoch, step, 1, List.of(boxes));
    }

    private static SlotWriter filled(Slot slot, SlotTable.Meta meta) {
        SlotWriter writer = slot.write(meta);
        for (SlotTable.Piece piece : meta.pieces()) {
            byte[] bytes = new byte[(int) piece.box().bytes()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (i * 31L + piece.dataOffset() + meta.step());
            }
            writer.data().write(piece.dataOffset(), bytes, 0, bytes.length);
        }
        return writer;
    }

    @Test
    void aCommittedSlotIsReadThroughAnotherMapping() throws IOException {
        SlotTable.Meta meta = meta(7, 40, box("a", 100), box("b", SlotTable.CHUNK_BYTES + 5L));
        SlotWriter writer = filled(arena.slot(0), meta);
        assertThat(arena.slot(0).state()).isEqualTo(Slot.State.WRITING);
        writer.checksum();
        byte[] digest = writer.commit();
        try (ArenaFile other = ArenaFile.open(arena.path())) {
            Slot slot = other.slot(0);
            assertThat(slot.state()).isEqualTo(Slot.State.COMMITTED);
            assertThat(slot.table().meta()).isEqualTo(meta);
            assertThat(slot.table().digest()).isEqualTo(digest);
            assertThat(slot.verify())
                    .isInstanceOfSatisfying(
                            Verification.Intact.class,
                            intact -> assertThat(intact.digest()).isEqualTo(digest));
            assertThat(other.slot(1).state()).isEqualTo(Slot.State.EMPTY);
        }
    }

    @Test
    void aWriterThatDiedBeforeItsCommitLeavesNothingToTrust() throws IOException {
        SlotWriter dead = filled(arena.slot(0), meta(7, 40, box("a", 100)));
        dead.checksum();
        try (ArenaFile other = ArenaFile.open(arena.path())) {
            Slot slot = other.slot(0);
            assertThat(slot.state()).isEqualTo(Slot.State.WRITING);
            assertThatThrownBy(slot::table)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("not committed");
            assertThat(slot.verify()).isInstanceOf(Verification.Damaged.class);
            // Its successor takes the slot over, and the late commit of the first has no effect.
            SlotWriter successor = filled(slot, meta(8, 41, box("a", 100)));
            assertThatThrownBy(dead::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("taken over");
            dead.abandon();
            successor.checksum();
            successor.commit();
            assertThat(slot.table().meta().step()).isEqualTo(41);
        }
    }

    @Test
    void aFreedSlotCannotBeCommitted() {
        SlotWriter writer = filled(arena.slot(0), meta(7, 40, box("a", 100)));
        writer.checksum();
        arena.slot(0).free();
        assertThatThrownBy(writer::commit).isInstanceOf(IllegalStateException.class);
        assertThat(arena.slot(0).state()).isEqualTo(Slot.State.EMPTY);
    }

    @Test
    void aCommittedSlotIsNotOverwritten() {
        SlotTable.Meta meta = meta(7, 40, box("a", 100));
        SlotWriter writer = filled(arena.slot(0), meta);
        writer.checksum();
        writer.commit();
        assertThatThrownBy(() -> arena.slot(0).write(meta))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("free it");
        writer.abandon();
        assertThat(arena.slot(0).state()).isEqualTo(Slot.State.COMMITTED);
        arena.slot(0).free();
        arena.slot(0).write(meta).abandon();
        assertThat(arena.slot(0).state()).isEqualTo(Slot.State.EMPTY);
    }

    @Test
    void aCommitWithoutAllCrcsIsRefused() {
        SlotWriter writer = filled(arena.slot(0), meta(7, 40, box("a", 100), box("b", 100)));
        writer.chunkCrc(0, writer.data().crc32c(0, 100));
        assertThatThrownBy(writer::commit)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("chunk 1 of 2");
        writer.chunkCrc(1, writer.data().crc32c(128, 100));
        writer.commit();
        assertThat(arena.slot(0).verify()).isInstanceOf(Verification.Intact.class);
    }

    @Test
    void aHoldersCrcThatDoesNotMatchItsBytesIsFound() {
        SlotWriter writer = filled(arena.slot(0), meta(7, 40, box("a", 100)));
        writer.chunkCrc(0, 12345);
        writer.commit();
        assertThat(arena.slot(0).verify())
                .isInstanceOfSatisfying(
                        Verification.Damaged.class,
                        damaged -> assertThat(damaged.what()).contains("chunk 0 (a"));
    }

    @Test
    void everyFlippedBitIsFound() throws IOException {
        SlotTable.Meta meta = meta(7, 40, box("a", 100), box("b", 64), box("c", 3));
        SlotWriter writer = filled(arena.slot(1), meta);
        writer.checksum();
        writer.commit();
        long header = SHAPE.slotOffset(1);
        long table = header + ArenaFormat.SLOT_HEADER_BYTES;
        long crcs = table + ArenaFormat.tableCapacity(SHAPE.maxPieces());
        long data = header + SHAPE.slotDataOffset();
        try (FileChannel file =
                FileChannel.open(arena.path(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            assertFound(file, header, ArenaFormat.SLOT_CRC + Integer.BYTES);
            assertFound(file, table, meta.encode().length);
            assertFound(file, crcs, (long) meta.chunkCount() * Integer.BYTES);
            for (SlotTable.Piece piece : meta.pieces()) {
                assertFound(file, data + piece.dataOffset(), piece.box().bytes());
            }
        }
        assertThat(arena.slot(1).verify()).isInstanceOf(Verification.Intact.class);
    }

    private void assertFound(FileChannel file, long from, long bytes) throws IOException {
        for (long bit = from * 8; bit < (from + bytes) * 8; bit++) {
            ArenaFileTest.flip(file, bit);
            assertThat(arena.slot(1).verify())
                    .as("bit %d", bit)
                    .isInstanceOf(Verification.Damaged.class);
            ArenaFileTest.flip(file, bit);
        }
    }

    @Test
    void theDigestLeavesOutTheEpochAndPerRankPiecesButNothingElse() {
        SlotTable.Box perRank =
                new SlotTable.Box("rng", "u8", List.of(8L), List.of(0L), List.of(8L), true, 8);
        SlotTable.Meta meta = meta(7, 40, box("a", 8), perRank);
        byte[] digest = meta.digest(new int[] {1, 2});
        assertThat(meta.at(8, 40).digest(new int[] {1, 2})).isEqualTo(digest);
        assertThat(meta.digest(new int[] {1, 3})).isEqualTo(digest);
        assertThat(meta.digest(new int[] {3, 2})).isNotEqualTo(digest);
        assertThat(meta.at(7, 41).digest(new int[] {1, 2})).isNotEqualTo(digest);
        assertThat(meta(7, 40, box("b", 8), perRank).digest(new int[] {1, 2})).isNotEqualTo(digest);
    }

    @Test
    void aDamagedPerRankPieceIsFoundAllTheSame() throws IOException {
        SlotTable.Box perRank =
                new SlotTable.Box("rng", "u8", List.of(8L), List.of(0L), List.of(8L), true, 8);
        SlotWriter writer = filled(arena.slot(0), meta(7, 40, perRank));
        writer.checksum();
        writer.commit();
        arena.slot(0).data().word(0, 0);
        assertThat(arena.slot(0).verify()).isInstanceOf(Verification.Damaged.class);
    }

    @Test
    void aStateThatDoesNotFitIsRefusedWithItsSizes() {
        assertThatThrownBy(() -> arena.slot(0).write(meta(7, 40, box("a", DATA_BYTES + 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(String.valueOf(DATA_BYTES + 1));
        SlotTable.Box small = box("a", 1);
        assertThatThrownBy(
                        () -> arena.slot(0).write(meta(7, 40, small, small, small, small, small)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 pieces");
        assertThat(arena.slot(0).state()).isEqualTo(Slot.State.EMPTY);
    }
}
