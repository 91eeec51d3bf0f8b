package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;
import java.util.List;

class StateDigestTest {
    private final BlockGrid grid = BlockGrid.of(Mlp.parse("20-30-2"));

    @ParameterizedTest
    @CsvSource({
        "1, 256",
        "1048576, 256",
        "1048577, 512",
        "2097152, 512",
        "2097153, 1024",
        "2147483647, 524288"
    })
    void theBlockSizeDependsOnTheTotalAlone(int total, int blockElements) {
        assertThat(BlockGrid.blockElements(total)).isEqualTo(blockElements);
    }

    @Test
    void blocksNeverCrossALeaf() {
        assertThat(grid.elements()).isEqualTo(692);
        assertThat(grid.blocks()).isEqualTo(6);
        assertThat(List.of(0, 1, 2, 3, 4, 5).stream().map(grid::block))
                .containsExactly(
                        new ElementRange(0, 256),
                        new ElementRange(256, 512),
                        new ElementRange(512, 600),
                        new ElementRange(600, 630),
                        new ElementRange(630, 690),
                        new ElementRange(690, 692));
    }

    @Test
    void aGridNeedsLeavesWithoutGaps() {
        assertThatIllegalArgumentException().isThrownBy(() -> new BlockGrid(List.of()));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new BlockGrid(List.of(new Leaf("a", List.of(2), new ElementRange(1, 3)))))
                .withMessageContaining("begins at 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Leaf("a", List.of(2), new ElementRange(0, 3)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Leaf("a", List.of(0), new ElementRange(0, 0)));
        assertThatIllegalArgumentException().isThrownBy(() -> new ElementRange(2, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new ElementRange(-1, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 20})
    void shardsTileTheVectorAtBlockBoundaries(int shards) {
        List<ElementRange> ranges = ShardCut.ranges(grid, shards);

        assertThat(ranges).hasSize(shards);
        int end = 0;
        for (ElementRange range : ranges) {
            assertThat(range.from()).isEqualTo(end);
            grid.blockAt(range.from());
            end = range.to();
        }
        assertThat(end).isEqualTo(grid.elements());
    }

    @Test
    void shardsOfTheDigitsModelAreBalanced() {
        BlockGrid digits = BlockGrid.of(Mlp.parse("64-256-256-10"));

        for (int shards = 1; shards <= 8; shards++) {
            for (ElementRange range : ShardCut.ranges(digits, shards)) {
                assertThat(range.elements())
                        .isBetween(85_002 / shards - 256, 85_002 / shards + 257);
            }
        }
        assertThat(ShardCut.ranges(digits, 2))
                .containsExactly(new ElementRange(0, 42_496), new ElementRange(42_496, 85_002));
    }

    @Test
    void someShardsAreEmptyWhenThereAreTooMany() {
        assertThat(ShardCut.ranges(grid, 20).stream().filter(ElementRange::isEmpty))
                .hasSizeGreaterThanOrEqualTo(14);
        assertThat(StateDigest.blockDigests(grid, new ElementRange(692, 692), new float[0], 0))
                .isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> ShardCut.ranges(grid, 0));
    }

    /** The expected value was computed from the documented format by an independent program. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7})
    void theDigestIsTheDocumentedTreeWhateverTheShards(int shards) {
        float[] parameters = ramp(0.25f);
        float[] velocity = ramp(-0.5f);

        byte[] digest =
                StateDigest.combine(
                        grid,
                        StateDigest.vectorNames(new SgdMomentum(1f, 0f)),
                        List.of(digests(parameters, shards), digests(velocity, shards)));

        assertThat(HexFormat.of().formatHex(digest))
                .isEqualTo("2b33e70d9126ec9c7109aa0e5e6f3112bfd2544f7a93dde28fe1df2c4a490d70");
    }

    @Test
    void everyBitAndTheOrderOfVectorsCount() {
        float[] a = ramp(0.25f);
        float[] b = ramp(-0.5f);
        byte[] digest = combined(a, b);

        assertThat(combined(b, a)).isNotEqualTo(digest);
        for (int element : new int[] {0, 255, 256, 599, 600, 691}) {
            float[] changed = a.clone();
            changed[element] = Math.nextUp(changed[element]);
            assertThat(combined(changed, b)).isNotEqualTo(digest);
        }
        float[] negativeZero = a.clone();
        negativeZero[0] = -0f;
        assertThat(combined(negativeZero, b)).isNotEqualTo(digest);
    }

    @Test
    void allNotANumbersAreOne() {
        float[] a = ramp(0.25f);
        float[] b = a.clone();
        a[300] = Float.intBitsToFloat(0x7fc00000);
        b[300] = Float.intBitsToFloat(0xffc12345);

        assertThat(digests(a, 1)).isEqualTo(digests(b, 1)).isNotEqualTo(digests(ramp(0.25f), 1));
    }

    @Test
    void whatDoesNotFitTheGridIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        StateDigest.blockDigests(grid, new ElementRange(0, 100), new float[100], 0))
                .withMessageContaining("element 100 is no block boundary");
        byte[] one = digests(ramp(1f), 1);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> StateDigest.combine(grid, List.of("parameters"), List.of(one, one)));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        StateDigest.combine(grid, List.of("parameters"), List.of(new byte[32])))
                .withMessageContaining("6 blocks make 192");
    }

    private byte[] combined(float[] parameters, float[] velocity) {
        return StateDigest.combine(
                grid,
                List.of(StateDigest.PARAMETERS, "sgd.velocity"),
                List.of(digests(parameters, 1), digests(velocity, 1)));
    }

    private byte[] digests(float[] values, int shards) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (ElementRange range : ShardCut.ranges(grid, shards)) {
            joined.writeBytes(StateDigest.blockDigests(grid, range, values, range.from()));
        }
        return joined.toByteArray();
    }

    private float[] ramp(float slope) {
        float[] values = new float[grid.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = slope * i;
        }
        return values;
    }
}
