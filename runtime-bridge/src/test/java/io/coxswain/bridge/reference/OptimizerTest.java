package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.bridge.data.CounterRandom;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.stream.Stream;

class OptimizerTest {
    private static final int ELEMENTS = 3000;

    static Stream<Optimizer> optimizers() {
        return Stream.of(
                Adam.withLearningRate(0.01f),
                new SgdMomentum(0.1f, 0.9f),
                new SgdMomentum(0.1f, 0f));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void anyCutGivesTheSameBits(Optimizer optimizer) {
        float[] whole = arbitrary(1);
        float[][] wholeState = new float[optimizer.stateNames().size()][ELEMENTS];
        for (int step = 1; step <= 3; step++) {
            optimizer.apply(step, 0.5f, whole, 0, arbitrary(step), 0, wholeState, 0, ELEMENTS);
        }

        for (int cut : new int[] {0, 1, 7, 1024, 1025, 2999}) {
            float[] parts = arbitrary(1);
            // The state of the first part sits in the middle of a larger array, as in a shard's
            // slot.
            float[][] head = new float[optimizer.stateNames().size()][cut + 10];
            float[][] tail = new float[optimizer.stateNames().size()][ELEMENTS - cut];
            for (int step = 1; step <= 3; step++) {
                float[] tailGradient = Arrays.copyOfRange(arbitrary(step), cut, ELEMENTS);
                optimizer.apply(step, 0.5f, parts, cut, tailGradient, 0, tail, 0, ELEMENTS - cut);
                optimizer.apply(step, 0.5f, parts, 0, arbitrary(step), 0, head, 5, cut);
            }
            assertThat(parts).isEqualTo(whole);
            for (int vector = 0; vector < wholeState.length; vector++) {
                assertThat(Arrays.copyOfRange(head[vector], 5, 5 + cut))
                        .isEqualTo(Arrays.copyOf(wholeState[vector], cut));
                assertThat(tail[vector])
                        .isEqualTo(Arrays.copyOfRange(wholeState[vector], cut, ELEMENTS));
            }
        }
    }

    @Test
    void adamFollowsThePaper() {
        Adam adam = new Adam(0.01f, 0.9f, 0.999f, 1e-8f);
        float[] parameter = {1f};
        float[][] state = new float[2][1];
        double p = 1;
        double m = 0;
        double v = 0;
        for (int step = 1; step <= 50; step++) {
            double g = Math.sin(step);
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            p -=
                    0.01
                            * (m / (1 - Math.pow(0.9, step)))
                            / (Math.sqrt(v / (1 - Math.pow(0.999, step))) + 1e-8);

            adam.apply(step, 0.25f, parameter, 0, new float[] {(float) (4 * g)}, 0, state, 0, 1);

            assertThat((double) parameter[0]).isCloseTo(p, within(2e-5));
            assertThat((double) state[0][0]).isCloseTo(m, within(1e-6));
            assertThat((double) state[1][0]).isCloseTo(v, within(1e-6));
        }
    }

    @Test
    void anElementWithoutGradientDoesNotMove() {
        float[] parameter = {1f};
        Adam.withLearningRate(0.01f)
                .apply(1, 1f, parameter, 0, new float[1], 0, new float[2][1], 0, 1);

        assertThat(parameter[0]).isEqualTo(1f);
    }

    @Test
    void momentumAccumulates() {
        SgdMomentum sgd = new SgdMomentum(0.5f, 0.5f);
        float[] parameter = {10f};
        float[][] velocity = new float[1][1];

        sgd.apply(1, 0.5f, parameter, 0, new float[] {4f}, 0, velocity, 0, 1);
        assertThat(velocity[0][0]).isEqualTo(2f);
        assertThat(parameter[0]).isEqualTo(9f);

        sgd.apply(2, 0.5f, parameter, 0, new float[] {4f}, 0, velocity, 0, 1);
        assertThat(velocity[0][0]).isEqualTo(3f);
        assertThat(parameter[0]).isEqualTo(7.5f);
    }

    @Test
    void stateVectorsAreNamed() {
        assertThat(Adam.withLearningRate(1f).stateNames()).containsExactly("adam.m", "adam.v");
        assertThat(new SgdMomentum(1f, 0f).stateNames()).containsExactly("sgd.velocity");
    }

    @Test
    void badNumbersAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Adam.withLearningRate(0f));
        assertThatIllegalArgumentException().isThrownBy(() -> Adam.withLearningRate(Float.NaN));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Adam.withLearningRate(Float.POSITIVE_INFINITY));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Adam(1f, 1f, 0.9f, 1e-8f))
                .withMessageContaining("beta1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Adam(1f, 0.9f, -1f, 1e-8f))
                .withMessageContaining("beta2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Adam(1f, 0.9f, 0.9f, 0f))
                .withMessageContaining("epsilon");
        assertThatIllegalArgumentException().isThrownBy(() -> new SgdMomentum(-1f, 0f));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SgdMomentum(1f, 1f))
                .withMessageContaining("momentum");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new SgdMomentum(1f, 0f)
                                .apply(
                                        0,
                                        1f,
                                        new float[1],
                                        0,
                                        new float[1],
                                        0,
                                        new float[1][1],
                                        0,
                                        1))
                .withMessageContaining("counted from 1");
    }

    private static float[] arbitrary(long key) {
        float[] values = new float[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++) {
            values[i] = CounterRandom.signedUnit(CounterRandom.derive(key, i));
        }
        return values;
    }
}
