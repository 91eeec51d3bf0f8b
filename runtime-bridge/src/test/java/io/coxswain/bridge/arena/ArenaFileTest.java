package io.coxswain.bridge.arena;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

class ArenaFileTest {
    private static final ArenaFile.Shape SHAPE =
            new ArenaFile.Shape(1001, 3, 501, 12_345, 3, 70_001, 5);

    @TempDir Path folder;

    @Test
    void whatOneMappingWritesAnotherReads() throws IOException {
        Path path = folder.resolve("arena");
        try (ArenaFile made = ArenaFile.create(path, SHAPE);
                ArenaFile opened = ArenaFile.open(path)) {
            assertThat(opened.shape()).isEqualTo(SHAPE);
            assertThat(Files.size(path)).isEqualTo(SHAPE.fileBytes());
            made.parameters().write(1000, new float[] {0, 1.5f}, 1, 1);
            float[] target = new float[3];
            opened.parameters().read(999, target, 1, 2);
            assertThat(target).containsExactly(0, 0, 1.5f);
            assertThat(opened.parameters().bytes(1000, 1).getFloat()).isEqualTo(1.5f);
            made.live().word(8, 0x0102030405060708L);
            assertThat(opened.live().bytes(8, 8).get(0)).isEqualTo((byte) 8);
        }
    }

    @Test
    void regionsDoNotOverlapAndAreAligned() throws IOException {
        try (ArenaFile arena = ArenaFile.create(folder.resolve("arena"), SHAPE)) {
            fill(arena.parameters().asBytes(), 1);
            for (int i = 0; i < SHAPE.gradientBuffers(); i++) {
                fill(arena.gradient(i).asBytes(), 2 + i);
            }
            fill(arena.reduced().asBytes(), 10);
            fill(arena.live(), 11);
            for (int i = 0; i < arena.slots(); i++) {
                fill(arena.slot(i).data(), 12 + i);
                assertThat(arena.slot(i).state()).isEqualTo(Slot.State.EMPTY);
            }
            assertThat(arena.slots()).isEqualTo(3);
            assertHolds(arena.parameters().asBytes(), 1);
            for (int i = 0; i < SHAPE.gradientBuffers(); i++) {
                assertHolds(arena.gradient(i).asBytes(), 2 + i);
            }
            assertHolds(arena.reduced().asBytes(), 10);
            assertHolds(arena.live(), 11);
            for (int i = 0; i < arena.slots(); i++) {
                assertHolds(arena.slot(i).data(), 12 + i);
            }
        }
        assertThat(SHAPE.gradientOffset(1) % 64).isZero();
        assertThat(SHAPE.reducedOffset() % 64).isZero();
        assertThat(SHAPE.liveOffset() % 4096).isZero();
        assertThat(SHAPE.slotOffset(1) % 4096).isZero();
        assertThat(SHAPE.slotDataOffset() % 4096).isZero();
        ArenaFile.open(folder.resolve("arena")).close();
    }

    @Test
    void aSecondFileOfTheSameNameIsRefused() throws IOException {
        Path path = folder.resolve("arena");
        ArenaFile.create(path, SHAPE).close();
        assertThatThrownBy(() -> ArenaFile.create(path, SHAPE))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining("exists already");
    }

    @Test
    void tooLittleRoomIsSaidUpFrontAndLeavesNothing() {
        Path path = folder.resolve("arena");
        ArenaFile.Shape huge = ArenaFile.Shape.slotsOnly(3, 1L << 50, 1);
        assertThatThrownBy(() -> ArenaFile.create(path, huge))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining(String.valueOf(huge.fileBytes()))
                .hasMessageContaining("are free");
        assertThat(path).doesNotExist();
    }

    @Test
    void allBlocksAreReservedWhenItIsMade() throws IOException {
        Path path = folder.resolve("arena");
        ArenaFile.Shape shape = ArenaFile.Shape.slotsOnly(3, 3 << 20, 1);
        ArenaFile.create(path, shape).close();
        // In blocks of 512 bytes; a sparse file has fewer than its length makes.
        Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
        long blocks = Long.parseLong(stat.inputReader().readLine().strip());
        assertThat(blocks * 512).isGreaterThanOrEqualTo(shape.fileBytes());
    }

    @Test
    void everyFlippedBitOfTheHeaderIsFound() throws IOException {
        Path path = folder.resolve("arena");
        ArenaFile.create(path, SHAPE).close();
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            for (int bit = 0; bit < 72 * 8; bit++) {
                flip(file, bit);
                int flipped = bit;
                assertThatThrownBy(() -> ArenaFile.open(path))
                        .as("bit %d", flipped)
                        .isInstanceOf(ArenaException.class);
                flip(file, bit);
            }
        }
        ArenaFile.open(path).close();
    }

    @Test
    void aFileThatIsCutOffOrMissingOrForeignIsRefused() throws IOException {
        Path path = folder.resolve("arena");
        ArenaFile.create(path, SHAPE).close();
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.truncate(SHAPE.fileBytes() - 1);
        }
        assertThatThrownBy(() -> ArenaFile.open(path))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining("its header says");
        assertThatThrownBy(() -> ArenaFile.open(folder.resolve("nothing")))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining("does not exist");
        Path text = Files.writeString(folder.resolve("text"), "x".repeat(5000));
        assertThatThrownBy(() -> ArenaFile.open(text))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining("is no arena");
        Path empty = Files.createFile(folder.resolve("empty"));
        assertThatThrownBy(() -> ArenaFile.open(empty))
                .isInstanceOf(ArenaException.class)
                .hasMessageContaining("not even a header");
    }

    @Test
    void afterCloseItsMemoryCannotBeTouched() throws IOException {
        ArenaFile arena = ArenaFile.create(folder.resolve("arena"), SHAPE);
        arena.prefault();
        ByteRegion live = arena.live();
        arena.close();
        arena.close();
        assertThatThrownBy(() -> live.word(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void accessOutsideARegionIsRefused() throws IOException {
        try (ArenaFile arena = ArenaFile.create(folder.resolve("arena"), SHAPE)) {
            assertThatThrownBy(() -> arena.parameters().read(1000, new float[2], 0, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> arena.live().bytes(12_344, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    static void flip(FileChannel file, long bit) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        file.read(one, bit / 8);
        one.put(0, (byte) (one.get(0) ^ 1 << bit % 8));
        file.write(one.flip(), bit / 8);
    }

    private static void fill(ByteRegion region, int value) {
        for (int i = 0; i < region.size(); i++) {
            region.bytes(i, 1).put(0, (byte) value);
        }
    }

    private static void assertHolds(ByteRegion region, int value) {
        byte[] bytes = new byte[(int) region.size()];
        region.read(0, bytes, 0, bytes.length);
        for (byte found : bytes) {
            if (found != value) {
                throw new AssertionError("a region of %d holds %d".formatted(value, found));
            }
        }
    }
}
