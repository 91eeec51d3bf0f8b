package io.coxswain.bridge.reference;

import io.coxswain.bridge.spi.AbortSignal;

import java.util.concurrent.TimeUnit;

/**
 * Runs the kernels on scratch memory until the compiler has done its work: until steps no longer
 * get faster, for at most {@value #MAX_SECONDS} seconds.
 */
final class WarmUp {
    private static final long MAX_SECONDS = 3;
    private static final int WINDOW_STEPS = 4;
    private static final int MIN_WINDOWS = 6;
    private static final int QUIET_WINDOWS = 3;
    private static final double FASTER = 0.97;
    private static final int APPLY_ELEMENTS = 1 << 16;

    private WarmUp() {}

    static void run(ReferenceProgram program, MlpCompute compute, AbortSignal abort) {
        Mlp model = program.config().model();
        int elements = model.parameters();
        float[] parameters = new float[elements];
        float[] gradient = new float[elements];
        int applied = Math.min(elements, APPLY_ELEMENTS);
        int vectors = program.config().optimizer().stateNames().size();
        float[][] state = new float[vectors][applied];
        model.initialize(program.seed(), new ElementRange(0, elements), parameters, 0);
        int[] ids = program.order().microshard(1, 0);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
        long best = Long.MAX_VALUE;
        int quiet = 0;
        for (int window = 0; window < MIN_WINDOWS || quiet < QUIET_WINDOWS; window++) {
            long fastest = Long.MAX_VALUE;
            for (int i = 0; i < WINDOW_STEPS; i++) {
                long start = System.nanoTime();
                if (abort.isSet() || start - deadline > 0) {
                    return;
                }
                compute.load(parameters);
                compute.gradients(program.data(), ids, gradient, abort::isSet);
                long step = (long) window * WINDOW_STEPS + i + 1;
                program.config()
                        .optimizer()
                        .apply(step, 0f, parameters, 0, gradient, 0, state, 0, applied);
                fastest = Math.min(fastest, System.nanoTime() - start);
            }
            quiet = fastest < FASTER * best ? 0 : quiet + 1;
            best = Math.min(best, fastest);
        }
    }
}
