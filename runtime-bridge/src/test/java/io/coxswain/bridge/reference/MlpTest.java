package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

import java.util.List;

class MlpTest {
    @Test
    void leavesFollowEachOther() {
        Mlp mlp = Mlp.parse("64-256-10");

        assertThat(mlp.leaves())
                .containsExactly(
                        new Leaf("layer0.weight", List.of(64, 256), new ElementRange(0, 16_384)),
                        new Leaf("layer0.bias", List.of(256), new ElementRange(16_384, 16_640)),
                        new Leaf(
                                "layer1.weight",
                                List.of(256, 10),
                                new ElementRange(16_640, 19_200)),
                        new Leaf("layer1.bias", List.of(10), new ElementRange(19_200, 19_210)));
        assertThat(mlp.parameters()).isEqualTo(19_210);
        assertThat(mlp).hasToString("64-256-10");
    }

    @Test
    void initialValuesAreTheSameForAnyCut() {
        Mlp mlp = Mlp.parse("7-5-3");
        float[] whole = initial(mlp, 11);

        for (int cut = 0; cut <= mlp.parameters(); cut++) {
            float[] joined = new float[mlp.parameters()];
            float[] tail = new float[mlp.parameters() - cut];
            mlp.initialize(11, new ElementRange(0, cut), joined, 0);
            mlp.initialize(11, new ElementRange(cut, mlp.parameters()), tail, 0);
            System.arraycopy(tail, 0, joined, cut, tail.length);
            assertThat(joined).isEqualTo(whole);
        }
    }

    @Test
    void initialValuesNeverChangeBetweenReleases() {
        float[] values = initial(Mlp.parse("64-256-256-10"), 42);

        assertThat(values[0]).isEqualTo(0.2102225f);
        assertThat(values[12_345]).isEqualTo(0.18079746f);
        assertThat(values[84_000]).isEqualTo(-0.028134387f);
    }

    @Test
    void initialWeightsFillTheirIntervalAndBiasesAreZero() {
        Mlp mlp = Mlp.parse("64-256-10");
        float[] values = initial(mlp, 5);

        checkUniform(values, mlp.weight(0).range(), Math.sqrt(6.0 / 64));
        checkUniform(values, mlp.weight(1).range(), Math.sqrt(6.0 / 266));
        for (int layer = 0; layer < 2; layer++) {
            ElementRange bias = mlp.bias(layer).range();
            for (int i = bias.from(); i < bias.to(); i++) {
                assertThat(Float.floatToRawIntBits(values[i])).isZero();
            }
        }
        assertThat(initial(mlp, 6)).isNotEqualTo(values);
    }

    @Test
    void badSizesAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("64"))
                .withMessageContaining("at least two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("64-x-10"))
                .withMessageContaining("64-x-10");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("64--10"))
                .withMessageContaining("64--10");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("64-0-10"))
                .withMessageContaining("at least 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("60000-60000"))
                .withMessageContaining("2^31");
    }

    @Test
    void aModelMustFitItsData() throws DataSetException {
        DataSet data = TestData.arbitrary(10, 4, 3);

        Mlp.parse("4-9-3").requireFits(data);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Mlp.parse("5-9-3").requireFits(data))
                .withMessageContaining("must begin with 4 (features) and end with 3 (classes)");
        assertThatIllegalArgumentException().isThrownBy(() -> Mlp.parse("4-9-2").requireFits(data));
    }

    private static void checkUniform(float[] values, ElementRange range, double limit) {
        double sum = 0;
        double squares = 0;
        for (int i = range.from(); i < range.to(); i++) {
            assertThat((double) values[i]).isBetween(-limit * 1.000001, limit * 1.000001);
            sum += values[i];
            squares += (double) values[i] * values[i];
        }
        double root = Math.sqrt(range.elements());
        assertThat(sum / range.elements()).isBetween(-3 * limit / root, 3 * limit / root);
        assertThat(squares / range.elements())
                .isBetween(limit * limit / 3 * 0.95, limit * limit / 3 * 1.05);
    }

    private static float[] initial(Mlp mlp, long seed) {
        float[] values = new float[mlp.parameters()];
        mlp.initialize(seed, new ElementRange(0, values.length), values, 0);
        return values;
    }
}
