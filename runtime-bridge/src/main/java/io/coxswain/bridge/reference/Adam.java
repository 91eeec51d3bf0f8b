package io.coxswain.bridge.reference;

import java.util.List;

/**
 * Adam (Kingma and Ba, 2015) in float32 with bias correction:
 *
 * <pre>
 * m = beta1·m + (1-beta1)·g        v = beta2·v + (1-beta2)·g²
 * p = p - lr/(1-beta1^step) · m / (sqrt(v)·1/sqrt(1-beta2^step) + epsilon)
 * </pre>
 *
 * <p>The two factors that depend on the step are computed in float64 with {@link StrictMath} and
 * rounded once.
 *
 * @param learningRate above 0
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon above 0
 */
public record Adam(float learningRate, float beta1, float beta2, float epsilon)
        implements Optimizer {
    private static final List<String> STATE_NAMES = List.of("adam.m", "adam.v");

    /** Checks the bounds. */
    public Adam {
        Bounds.positive("learningRate", learningRate);
        Bounds.fraction("beta1", beta1);
        Bounds.fraction("beta2", beta2);
        Bounds.positive("epsilon", epsilon);
    }

    /** Adam with the paper's betas and epsilon: 0.9, 0.999 and 1e-8. */
    public static Adam withLearningRate(float learningRate) {
        return new Adam(learningRate, 0.9f, 0.999f, 1e-8f);
    }

    @Override
    public List<String> stateNames() {
        return STATE_NAMES;
    }

    @Override
    public void apply(
            long step,
            float scale,
            float[] parameters,
            int parametersAt,
            float[] gradients,
            int gradientsAt,
            float[][] state,
            int stateAt,
            int count) {
        Bounds.step(step);
        float rate = (float) (learningRate / (1 - StrictMath.pow(beta1, (double) step)));
        float rootScale = (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, (double) step)));
        Chunk p = new Chunk(parameters, parametersAt);
        Chunk g = new Chunk(gradients, gradientsAt);
        Chunk m = new Chunk(state[0], stateAt);
        Chunk v = new Chunk(state[1], stateAt);
        for (int done = 0; done < count; done += Chunk.ELEMENTS) {
            int elements = Math.min(Chunk.ELEMENTS, count - done);
            update(
                    p.load(done, elements),
                    g.load(done, elements),
                    m.load(done, elements),
                    v.load(done, elements),
                    elements,
                    scale,
                    rate,
                    rootScale);
            p.store(done, elements);
            m.store(done, elements);
            v.store(done, elements);
        }
    }

    private void update(
            float[] p,
            float[] g,
            float[] m,
            float[] v,
            int elements,
            float scale,
            float rate,
            float rootScale) {
        float keep1 = beta1;
        float take1 = 1 - beta1;
        float keep2 = beta2;
        float take2 = 1 - beta2;
        float floor = epsilon;
        for (int i = 0; i < elements; i++) {
            float gradient = g[i] * scale;
            float mean = Math.fma(keep1, m[i], take1 * gradient);
            float square = Math.fma(keep2, v[i], take2 * gradient * gradient);
            m[i] = mean;
            v[i] = square;
            float root = (float) Math.sqrt(square);
            p[i] -= rate * mean / Math.fma(root, rootScale, floor);
        }
    }
}
