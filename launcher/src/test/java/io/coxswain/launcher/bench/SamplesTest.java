package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;

class SamplesTest {
    @Test
    void theMiddleOfAnOddNumberIsItsMedian() {
        Samples samples = Samples.of(9, 1, 5);

        assertThat(samples.median()).isEqualTo(5);
        assertThat(samples.min()).isEqualTo(1);
        assertThat(samples.max()).isEqualTo(9);
        assertThat(samples.count()).isEqualTo(3);
    }

    @Test
    void theMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle() {
        assertThat(Samples.of(List.of(4L, 1L, 100L, 2L)).median()).isEqualTo(3);
    }

    @Test
    void anotherUnitMayTurnTheOrder() {
        Samples perSecond = Samples.of(10, 20, 50).map(millis -> 1_000 / millis);

        assertThat(perSecond.min()).isEqualTo(20);
        assertThat(perSecond.median()).isEqualTo(50);
        assertThat(perSecond.max()).isEqualTo(100);
    }

    @Test
    void nothingMeasuredHasNoMedian() {
        assertThat(Samples.of().isEmpty()).isTrue();
        assertThatThrownBy(() -> Samples.of().median())
                .hasMessageContaining("nothing was measured");
        assertThatThrownBy(() -> Samples.of().min()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsNoNumberIsNoMeasurement() {
        assertThatThrownBy(() -> Samples.of(1, Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keepsItsValuesWhateverBecomesOfTheArray() {
        double[] given = {2, 1};
        Samples samples = Samples.of(given);
        given[0] = 99;
        samples.values()[0] = 77;

        assertThat(samples.values()).containsExactly(1, 2);
    }
}
