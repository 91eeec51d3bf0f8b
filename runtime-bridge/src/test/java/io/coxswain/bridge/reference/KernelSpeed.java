package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.SampleOrder;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Measures one global batch of the digits job in one thread: {@code main [data file]}. No test:
 * prints medians in milliseconds.
 */
public final class KernelSpeed {
    private static final int MICROSHARDS = 8;

    private KernelSpeed() {}

    /** Runs all measurements. */
    public static void main(String[] args) throws DataSetException {
        DataSet data =
                DataSet.load(Path.of(args.length > 0 ? args[0] : "../examples/digits/digits.bin"));
        Mlp mlp = Mlp.parse("64-256-256-10");
        float[] parameters = new float[mlp.parameters()];
        mlp.initialize(1, new ElementRange(0, mlp.parameters()), parameters, 0);
        MlpCompute compute = new MlpCompute(mlp);
        SampleOrder order = new SampleOrder(1, data.trainingSamples(), 128, MICROSHARDS);
        float[] gradient = new float[mlp.parameters()];
        for (int round = 0; round < 4; round++) {
            measure("load", () -> compute.load(parameters));
            measure(
                    "global batch of 128 in 8 microshards",
                    () -> {
                        for (int m = 0; m < MICROSHARDS; m++) {
                            compute.gradients(data, order.microshard(1, m), gradient, () -> false);
                        }
                    });
            measure(
                    "sample order",
                    () -> {
                        for (int m = 0; m < MICROSHARDS; m++) {
                            order.microshard(7, m);
                        }
                    });
            Adam adam = Adam.withLearningRate(1e-3f);
            float[][] state = new float[2][mlp.parameters()];
            float[] p = parameters.clone();
            measure("adam", () -> adam.apply(5, 1 / 128f, p, 0, gradient, 0, state, 0, p.length));
            BlockGrid grid = BlockGrid.of(mlp);
            ElementRange all = new ElementRange(0, mlp.parameters());
            measure(
                    "block digests of the parameters",
                    () -> StateDigest.blockDigests(grid, all, p, 0));
            measure("evaluate", () -> compute.evaluate(data));
        }
        long start = System.nanoTime();
        Trainer trainer =
                new Trainer(mlp, data, Adam.withLearningRate(1e-3f), 1, 128, MICROSHARDS, 2);
        trainer.steps(600);
        System.out.printf(
                "600 steps: %.0f ms, loss %.5f, %s, %s%n",
                (System.nanoTime() - start) / 1e6,
                trainer.loss(),
                trainer.evaluate(),
                HexFormat.of().formatHex(trainer.digest()));
    }

    private static void measure(String what, Runnable run) {
        long[] nanos = new long[400];
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            run.run();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf("%-40s %8.4f ms%n", what, nanos[nanos.length / 2] / 1e6);
    }
}
