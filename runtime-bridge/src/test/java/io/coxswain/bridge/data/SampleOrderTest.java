package io.coxswain.bridge.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

class SampleOrderTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 16, 17, 97, 1438, 65_537})
    void eachPassIsAPermutation(int samples) {
        SampleOrder order = new SampleOrder(42, samples, 1, 1);

        for (long pass : new long[] {0, 1, 1_000_000_007L}) {
            int[] ids = pass(order, pass);
            Arrays.sort(ids);
            assertThat(ids).isEqualTo(IntStream.range(0, samples).toArray());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "10, 4, 3, 8",
        "7, 16, 5, 4",
        "1, 3, 2, 3",
        "1438, 128, 8, 30",
        "97, 5, 8, 41",
        "2, 1, 1, 5"
    })
    void microshardsTileTheEndlessSequence(int samples, int batch, int microshards, int steps) {
        SampleOrder order = new SampleOrder(3, samples, batch, microshards);
        SampleOrder straight = new SampleOrder(3, samples, batch, 1);

        long position = 0;
        for (long step = 1; step <= steps; step++) {
            int smallest = Integer.MAX_VALUE;
            int largest = 0;
            for (int microshard = 0; microshard < microshards; microshard++) {
                int[] ids = order.microshard(step, microshard);
                smallest = Math.min(smallest, ids.length);
                largest = Math.max(largest, ids.length);
                for (int id : ids) {
                    assertThat(id)
                            .isEqualTo(
                                    straight.sample(
                                            position / samples, (int) (position % samples)));
                    position++;
                }
            }
            assertThat(largest - smallest).isLessThanOrEqualTo(1);
            assertThat(position).isEqualTo(step * batch);
        }
    }

    @Test
    void theOrderDependsOnSeedAndPass() {
        SampleOrder order = new SampleOrder(1, 1438, 128, 8);

        assertThat(pass(order, 0)).isNotEqualTo(pass(order, 1));
        assertThat(pass(order, 0)).isNotEqualTo(pass(new SampleOrder(2, 1438, 128, 8), 0));
        assertThat(pass(order, 0)).isEqualTo(pass(new SampleOrder(1, 1438, 64, 3), 0));
    }

    @Test
    void allOrdersOfThreeSamplesOccurAboutEquallyOften() {
        SampleOrder order = new SampleOrder(9, 3, 1, 1);
        int[] counts = new int[27];
        for (long pass = 0; pass < 6000; pass++) {
            counts[order.sample(pass, 0) * 9 + order.sample(pass, 1) * 3 + order.sample(pass, 2)]++;
        }

        assertThat(Arrays.stream(counts).filter(count -> count > 0))
                .hasSize(6)
                .allMatch(n -> n > 800 && n < 1200);
    }

    @Test
    void aSampleMayGoAnywhere() {
        Set<Integer> places = new HashSet<>();
        for (long pass = 0; pass < 2000; pass++) {
            places.add(new SampleOrder(pass, 97, 1, 1).sample(0, 0));
        }

        assertThat(places).hasSize(97);
    }

    @Test
    void theOrderNeverChangesBetweenReleases() {
        SampleOrder order = new SampleOrder(42, 1438, 128, 8);

        assertThat(Arrays.copyOf(order.microshard(1, 0), 8))
                .containsExactly(427, 467, 431, 74, 1213, 588, 1000, 1396);
        // Step 12 ends the first pass and begins the second.
        assertThat(Arrays.copyOf(order.microshard(12, 1), 8))
                .containsExactly(395, 350, 996, 1431, 416, 703, 138, 290);
        assertThat(new SampleOrder(-1, 5, 5, 1).microshard(1, 0)).containsExactly(4, 0, 1, 2, 3);
    }

    @Test
    void farAwayStepsAreReachedAtOnce() {
        SampleOrder order = new SampleOrder(42, 1438, 128, 8);

        int[] ids = order.microshard(1L << 50, 7);

        assertThat(ids).hasSize(16);
        assertThat(Arrays.stream(ids).boxed()).allMatch(id -> id >= 0 && id < 1438);
    }

    @Test
    void badArgumentsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new SampleOrder(1, 0, 1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new SampleOrder(1, 1, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new SampleOrder(1, 1, 1, 0));
        SampleOrder order = new SampleOrder(1, 10, 4, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> order.microshard(0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> order.sample(-1, 0));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> order.microshard(1, 2));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> order.sample(0, 10));
    }

    private static int[] pass(SampleOrder order, long pass) {
        return IntStream.range(0, order.samples())
                .map(index -> order.sample(pass, index))
                .toArray();
    }
}
