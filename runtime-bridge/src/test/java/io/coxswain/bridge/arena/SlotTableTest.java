package io.coxswain.bridge.arena;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

class SlotTableTest {
    private static final SlotTable.Box MATRIX =
            new SlotTable.Box(
                    "layer0.wéight",
                    "f32",
                    List.of(64L, 256L),
                    List.of(0L, 128L),
                    List.of(64L, 128L),
                    false,
                    64 * 128 * 4);
    private static final SlotTable.Box LARGE =
            SlotTable.Box.range("adam.m", "f32", 1 << 20, 5, (1 << 19) + 1, 4L * ((1 << 19) + 1));
    private static final SlotTable.Box RANDOM =
            new SlotTable.Box("rng", "u64", List.of(), List.of(), List.of(), true, 8);
    private static final SlotTable.Meta META =
            SlotTable.Meta.layOut("jöb", 3, 17, 2, List.of(MATRIX, LARGE, RANDOM));

    @Test
    void decodeReadsWhatEncodeWrote() {
        assertThat(SlotTable.Meta.decode(META.encode())).isEqualTo(META);
    }

    @Test
    void bytesThatAreCutOffOrLongerAreRefused() {
        byte[] encoded = META.encode();
        for (int length = 0; length < encoded.length; length++) {
            byte[] cut = Arrays.copyOf(encoded, length);
            assertThatThrownBy(() -> SlotTable.Meta.decode(cut))
                    .as("%d bytes", length)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> SlotTable.Meta.decode(Arrays.copyOf(encoded, encoded.length + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too many");
    }

    @Test
    void bytesFromElsewhereAreRefusedOrReadButNeverCrash() {
        byte[] encoded = META.encode();
        for (int bit = 0; bit < encoded.length * 8; bit++) {
            byte[] flipped = encoded.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(SlotTable.Meta.decode(flipped)).isNotEqualTo(META);
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageMatching("(?s).+");
            }
        }
    }

    @Test
    void chunksTileEachPieceAndNeverCrossItsEnd() {
        List<SlotTable.Chunk> chunks = META.chunks();
        assertThat(chunks).hasSize(META.chunkCount());
        int chunk = 0;
        for (int p = 0; p < META.pieces().size(); p++) {
            SlotTable.Piece piece = META.pieces().get(p);
            assertThat(piece.dataOffset() % SlotTable.PIECE_ALIGNMENT).isZero();
            long at = piece.dataOffset();
            while (at < piece.end()) {
                SlotTable.Chunk next = chunks.get(chunk++);
                assertThat(next.piece()).isEqualTo(p);
                assertThat(next.offset()).isEqualTo(at);
                assertThat(next.length()).isBetween(1, SlotTable.CHUNK_BYTES);
                at += next.length();
            }
            assertThat(at).isEqualTo(piece.end());
        }
        assertThat(chunk).isEqualTo(chunks.size());
        assertThat(META.dataBytes()).isEqualTo(META.pieces().getLast().end());
    }

    @Test
    void piecesThatOverlapOrLieOutsideTheirLeafAreRefused() {
        assertThatThrownBy(() -> SlotTable.Box.range("a", "u8", 10, 5, 6, 6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("do not lie in shape");
        List<SlotTable.Piece> overlapping =
                List.of(new SlotTable.Piece(MATRIX, 0), new SlotTable.Piece(RANDOM, 64));
        assertThatThrownBy(() ->
                        new SlotTable.Meta("j", 0, 0, 0, overlapping, 72, SlotTable.CHUNK_BYTES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rng");
    }
}
