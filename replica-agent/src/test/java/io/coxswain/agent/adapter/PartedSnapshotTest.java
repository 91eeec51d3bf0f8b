package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LeafCut;
import io.coxswain.proto.bridge.v1.LocalPart;
import io.coxswain.proto.bridge.v1.ShardBox;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.control.v1.StateLayout;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/** Three processes write their parts of a slot, and the agent commits. */
class PartedSnapshotTest {
    private static final List<Integer> BYTES = List.of(100, 0, 70);

    @TempDir private Path folder = Path.of("");
    private final RankParts cut =
            RankParts.of(BYTES.stream().map(PartedSnapshotTest::loaded).toList());
    private ArenaFile file;

    private static JobLoaded loaded(int bytes) {
        return JobLoaded.newBuilder()
                .setLayout(
                        StateLayout.newBuilder()
                                .addShardBegin(0)
                                .addShardBegin(0)
                                .addShardStateBytes(bytes)
                                .addShardRegionBytes(4096)
                                .setFingerprint("f")
                                .setDeterministic(true))
                .addShardLiveBytes(0)
                .addShardPieces(1)
                .setReforms(true)
                .setSharesRank(true)
                .build();
    }

    @BeforeEach
    void makeAFile() throws IOException {
        JobLoaded whole = cut.whole();
        file =
                ArenaFile.create(
                        folder.resolve("region"),
                        new ArenaFile.Shape(
                                0,
                                1,
                                0,
                                0,
                                2,
                                whole.getLayout().getShardStateBytes(0),
                                whole.getShardPieces(0)));
    }

    @AfterEach
    void close() {
        file.close();
    }

    /** What a process does. */
    private SnapshotCommitted write(Slot slot, int local, long step) {
        LocalPart part = cut.part(local, 0);
        int bytes = BYTES.get(local);
        var data = new byte[bytes];
        Arrays.fill(data, (byte) (local + 1));
        slot.data().write(part.getSlotOffset(), data, 0, bytes);
        var piece =
                new SlotTable.Piece(
                        SlotTable.Box.range("w", "u8", bytes, 0, bytes, bytes),
                        part.getSlotOffset());
        var meta =
                new SlotTable.Meta(
                        "job", 4, step, 0, List.of(piece), piece.end(), SlotTable.CHUNK_BYTES);
        var crc = new CRC32C();
        crc.update(data);
        ByteBuffer crcs =
                ByteBuffer.allocate(bytes == 0 ? 0 : Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes > 0) {
            crcs.putInt((int) crc.getValue());
        }
        return SnapshotCommitted.newBuilder()
                .setEpoch(4)
                .setStep(step)
                .setSlotIndex(slot.index())
                .setPieceTable(ByteString.copyFrom(meta.encode()))
                .setChunkCrcs(ByteString.copyFrom(crcs.array()))
                .build();
    }

    private List<SnapshotCommitted> writeAll(Slot slot, long step) {
        return List.of(write(slot, 0, step), write(slot, 1, step), write(slot, 2, step));
    }

    @Test
    void allPartsAreOneState() {
        Slot slot = file.slot(0);

        List<SnapshotCommitted> written = writeAll(slot, 9);
        assertThat(slot.state()).isNotEqualTo(Slot.State.COMMITTED);
        SnapshotCommitted done = PartedSnapshot.commit(slot, cut.parts(0), written);

        assertThat(slot.verify()).isInstanceOf(Verification.Intact.class);
        SlotTable table = slot.table();
        assertThat(table.meta().step()).isEqualTo(9);
        assertThat(table.meta().pieces()).hasSize(3);
        assertThat(done.getDigest().toByteArray()).isEqualTo(table.digest());
        assertThat(done.getBytes()).isEqualTo(table.meta().dataBytes());
        assertThat(done.getPieceTable().isEmpty()).isTrue();
    }

    @Test
    void eachPieceIsInOnePartAlone() {
        Slot slot = file.slot(0);
        PartedSnapshot.commit(slot, cut.parts(0), writeAll(slot, 9));

        for (SlotTable.Piece piece : slot.table().meta().pieces()) {
            assertThat(cut.parts(0))
                    .filteredOn(part ->
                            piece.dataOffset() >= part.getSlotOffset()
                                    && piece.dataOffset()
                                            < part.getSlotOffset() + part.getSlotBytes())
                    .hasSize(1);
        }
    }

    @Test
    void theDigestIsThatOfEachPart() {
        Slot slot = file.slot(0);
        Slot other = file.slot(1);
        List<SnapshotCommitted> same = writeAll(other, 9);
        SnapshotCommitted first = PartedSnapshot.commit(slot, cut.parts(0), writeAll(slot, 9));

        assertThat(PartedSnapshot.commit(other, cut.parts(0), same).getDigest())
                .isEqualTo(first.getDigest());

        other.free();
        List<SnapshotCommitted> changed =
                List.of(
                        same.get(0),
                        same.get(1),
                        same.get(2).toBuilder()
                                .setChunkCrcs(ByteString.fromHex("01020304"))
                                .build());
        assertThat(PartedSnapshot.commit(other, cut.parts(0), changed).getDigest())
                .isNotEqualTo(first.getDigest());
        assertThat(other.verify()).isInstanceOf(Verification.Damaged.class);
    }

    @Test
    void partsThatDoNotFitAreNotCommitted() {
        Slot slot = file.slot(0);
        List<SnapshotCommitted> good = writeAll(slot, 9);

        refused(
                slot,
                List.of(good.get(0), good.get(1), write(slot, 2, 8).toBuilder().setStep(9).build()),
                "local rank 2 wrote epoch 4, step 8");
        refused(slot, List.of(good.get(2), good.get(1), good.get(0)), "local rank 0 wrote bytes");
        refused(
                slot,
                List.of(good.get(0).toBuilder().clearChunkCrcs().build(), good.get(1), good.get(2)),
                "checksums of 0 chunks");
        refused(
                slot,
                List.of(
                        good.get(0).toBuilder().clearPieceTable().build(),
                        good.get(1),
                        good.get(2)),
                "slot table");
        assertThat(slot.state()).isNotEqualTo(Slot.State.COMMITTED);

        PartedSnapshot.commit(slot, cut.parts(0), good);
        refused(slot, good, "holds a committed state");
    }

    private void refused(Slot slot, List<SnapshotCommitted> written, String words) {
        assertThatThrownBy(() -> PartedSnapshot.commit(slot, cut.parts(0), written))
                .hasMessageContaining(words);
    }

    @Test
    void aWholeRankIsTheSumOfItsProcessesAndIsReplacedAsOne() {
        JobLoaded whole = cut.whole();

        assertThat(whole.getReforms()).isFalse();
        assertThat(whole.getShardPieces(0)).isEqualTo(3);
        assertThat(whole.getShardLiveBytes(0)).isZero();
        assertThat(whole.getLayout().getShardStateBytes(0)).isEqualTo(128 + 64 + 128);
        assertThat(cut.part(2, 0).getSlotOffset()).isEqualTo(192);
    }

    @Test
    void processesThatCannotBeOneWorkerAreToldWhy() {
        JobLoaded good = loaded(10);
        JobLoaded other =
                good.toBuilder()
                        .setLayout(good.getLayout().toBuilder().setFingerprint("g"))
                        .build();
        JobLoaded gradients =
                good.toBuilder()
                        .setLayout(good.getLayout().toBuilder().setParameterElements(16))
                        .build();

        assertThat(RankParts.complaint(List.of(good, good))).isNull();
        assertThat(RankParts.complaint(List.of(good, other)))
                .contains("local rank 1 loaded another program or other data", "'g'", "'f'");
        assertThat(
                        RankParts.complaint(
                                List.of(good, good.toBuilder().setSharesRank(false).build())))
                .contains("local rank 1 cannot be one of 2 processes", "workersPerAgent to 1");
        assertThat(RankParts.complaint(List.of(gradients, gradients)))
                .contains("must reduce by itself", "one agent for each device");
    }

    private static JobLoaded holding(long first, int bytes) {
        return loaded(bytes).toBuilder()
                .addLeaves(
                        LeafCut.newBuilder()
                                .setLeaf("w")
                                .setDtype("u8")
                                .addShape(130)
                                .addBoxes(ShardBox.newBuilder().addOffset(first).addExtent(bytes)))
                .build();
    }

    @Test
    void processesMayHoldAPartEachIfTheirPartsMakeTheState() {
        List<JobLoaded> cut = List.of(holding(0, 100), holding(100, 30));

        assertThat(RankParts.complaint(cut)).isNull();
        assertThat(RankParts.of(cut).whole().getLayout().getShardStateBytes(0)).isEqualTo(128 + 64);
        assertThat(RankParts.complaint(List.of(holding(0, 100), holding(90, 40))))
                .contains("shard 0, local rank 1 overlap");
        assertThat(RankParts.complaint(List.of(holding(0, 100), holding(110, 20))))
                .contains("10 of its 130 elements are in no shard");
    }
}
