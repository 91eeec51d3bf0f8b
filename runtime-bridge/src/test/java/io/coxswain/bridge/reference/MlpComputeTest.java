package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.bridge.data.CounterRandom;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

class MlpComputeTest {
    /** Sizes that divide by the blocking and sizes that leave every kind of rest. */
    @ParameterizedTest
    @CsvSource({
        "4-3, 1",
        "5-7-3, 6",
        "8-16-16-4, 16",
        "13-9-6-5, 17",
        "3-1-2, 33",
        "6-35-11-3, 39"
    })
    void gradientsAreThoseOfTheDefinitionToTheBit(String sizes, int samples)
            throws DataSetException {
        Mlp mlp = Mlp.parse(sizes);
        DataSet data = TestData.arbitrary(60, mlp.features(), mlp.classes());
        float[] parameters = parameters(mlp, 1f);
        int[] ids =
                IntStream.range(0, samples)
                        .map(i -> (i * 7 + 3) % data.trainingSamples())
                        .toArray();
        float[] expected = new float[mlp.parameters()];
        float[][] features = Arrays.stream(ids).mapToObj(data::trainingRow).toArray(float[][]::new);
        int[] labels = Arrays.stream(ids).map(data::trainingLabel).toArray();
        double expectedLoss = NaiveMlp.gradients(mlp, parameters, features, labels, expected);
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters);
        float[] target = new float[mlp.parameters()];
        Arrays.fill(target, Float.NaN);

        GradientOutcome outcome = compute.gradients(data, ids, target, () -> false);

        assertThat(bits(target)).isEqualTo(bits(expected));
        assertThat(outcome).isEqualTo(new GradientOutcome.Summed((float) expectedLoss));
        // Nothing is left over from one call to the next.
        compute.gradients(data, ids, target, () -> false);
        assertThat(bits(target)).isEqualTo(bits(expected));
    }

    @Test
    void compiledAndInterpretedCodeAgreeToTheBit() throws DataSetException {
        Mlp mlp = Mlp.parse("16-48-10");
        DataSet data = TestData.arbitrary(40, 16, 10);
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters(mlp, 1f));
        int[] ids = IntStream.range(0, 16).toArray();
        float[] first = new float[mlp.parameters()];
        float[] later = new float[mlp.parameters()];
        GradientOutcome firstOutcome = compute.gradients(data, ids, first, () -> false);

        for (int i = 0; i < 3000; i++) {
            assertThat(compute.gradients(data, ids, later, () -> false)).isEqualTo(firstOutcome);
        }

        assertThat(bits(later)).isEqualTo(bits(first));
    }

    @Test
    void gradientsAreTheSlopesOfTheLoss() throws DataSetException {
        Mlp mlp = Mlp.parse("5-6-4-3");
        DataSet data = TestData.arbitrary(30, 5, 3);
        float[] parameters = parameters(mlp, 1f);
        int[] ids = IntStream.range(0, 20).toArray();
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters);
        float[] gradient = new float[mlp.parameters()];
        compute.gradients(data, ids, gradient, () -> false);

        for (int i = 0; i < parameters.length; i++) {
            float h = 1f / 2048;
            float[] moved = parameters.clone();
            moved[i] = parameters[i] + h;
            double up = loss(compute, data, ids, moved);
            moved[i] = parameters[i] - h;
            double down = loss(compute, data, ids, moved);
            assertThat((double) gradient[i])
                    .as("parameter %d", i)
                    .isCloseTo((up - down) / (2 * h), within(0.01));
        }
    }

    @Test
    void noSamplesSumToZero() throws DataSetException {
        Mlp mlp = Mlp.parse("4-5-3");
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters(mlp, 1f));
        float[] target = new float[mlp.parameters()];
        Arrays.fill(target, 7f);

        GradientOutcome outcome =
                compute.gradients(TestData.arbitrary(10, 4, 3), new int[0], target, () -> false);

        assertThat(outcome).isEqualTo(new GradientOutcome.Summed(0f));
        assertThat(target).containsOnly(0f);
    }

    @Test
    void anAbortIsSeenBetweenBlocks() throws DataSetException {
        Mlp mlp = Mlp.parse("4-5-3");
        DataSet data = TestData.arbitrary(80, 4, 3);
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters(mlp, 1f));
        int[] ids = IntStream.range(0, 4 * MlpCompute.BLOCK).toArray();
        float[] target = new float[mlp.parameters()];
        AtomicInteger asked = new AtomicInteger();

        GradientOutcome outcome =
                compute.gradients(data, ids, target, () -> asked.incrementAndGet() == 3);

        assertThat(outcome).isEqualTo(new GradientOutcome.Aborted());
        assertThat(asked).hasValue(3);
        // And it can go on as if nothing had happened.
        assertThat(compute.gradients(data, ids, target, () -> false))
                .isInstanceOf(GradientOutcome.Summed.class);
    }

    @Test
    void hugeOutputsStayFinite() throws DataSetException {
        Mlp mlp = Mlp.parse("4-5-3");
        DataSet data = TestData.arbitrary(40, 4, 3);
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters(mlp, 1000f));
        float[] target = new float[mlp.parameters()];

        GradientOutcome outcome =
                compute.gradients(data, IntStream.range(0, 30).toArray(), target, () -> false);

        for (float value : target) {
            assertThat(value).isFinite();
        }
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        GradientOutcome.Summed.class,
                        summed -> assertThat(summed.lossSum()).isFinite().isPositive());
    }

    @Test
    void evaluationCountsTheHighestOutputs() throws DataSetException {
        Mlp mlp = Mlp.parse("4-3");
        DataSet data = TestData.arbitrary(200, 4, 3);
        float[] parameters = new float[mlp.parameters()];
        // All weights are 0 and the bias of class 1 is ln 2: probabilities 1/4, 1/2 and 1/4 for
        // every sample.
        parameters[mlp.bias(0).range().from() + 1] = (float) Math.log(2);
        MlpCompute compute = new MlpCompute(mlp);
        compute.load(parameters);
        long ones = IntStream.range(0, 40).filter(i -> data.heldOutLabel(i) == 1).count();

        Evaluation evaluation = compute.evaluate(data);

        assertThat(evaluation.samples()).isEqualTo(40);
        assertThat(evaluation.correct()).isEqualTo((int) ones).isPositive();
        assertThat(evaluation.accuracy()).isEqualTo(ones / 40.0);
        assertThat(evaluation.loss())
                .isCloseTo((ones * Math.log(2) + (40 - ones) * Math.log(4)) / 40, within(1e-6));
    }

    @Test
    void anEvaluationWithoutSamplesIsZero() throws DataSetException {
        MlpCompute compute = new MlpCompute(Mlp.parse("4-3"));

        Evaluation evaluation = compute.evaluate(TestData.arbitrary(4, 4, 3));

        assertThat(evaluation).isEqualTo(new Evaluation(0, 0, 0));
        assertThat(evaluation.accuracy()).isZero();
    }

    @Test
    void vectorsOfTheWrongLengthAreRefused() throws DataSetException {
        MlpCompute compute = new MlpCompute(Mlp.parse("4-3"));
        DataSet data = TestData.arbitrary(10, 4, 3);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> compute.load(new float[14]))
                .withMessageContaining("15 elements of model 4-3, not 14");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> compute.gradients(data, new int[0], new float[16], () -> false));
    }

    private static double loss(MlpCompute compute, DataSet data, int[] ids, float[] parameters) {
        compute.load(parameters);
        double sum = 0;
        float[] ignored = new float[parameters.length];
        for (int id : ids) {
            // One by one, since the float32 sum of many losses is too coarse for slopes.
            GradientOutcome outcome = compute.gradients(data, new int[] {id}, ignored, () -> false);
            if (outcome instanceof GradientOutcome.Summed(float lossSum)) {
                sum += lossSum;
            }
        }
        return sum;
    }

    /** Initial values with biases that are not 0. */
    private static float[] parameters(Mlp mlp, float scale) {
        float[] parameters = new float[mlp.parameters()];
        mlp.initialize(77, new ElementRange(0, parameters.length), parameters, 0);
        for (int layer = 0; layer < mlp.layers(); layer++) {
            ElementRange bias = mlp.bias(layer).range();
            for (int i = bias.from(); i < bias.to(); i++) {
                parameters[i] = 0.1f * CounterRandom.signedUnit(CounterRandom.derive(78, i));
            }
        }
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] *= scale;
        }
        return parameters;
    }

    private static int[] bits(float[] values) {
        return IntStream.range(0, values.length)
                .map(i -> Float.floatToRawIntBits(values[i]))
                .toArray();
    }
}
