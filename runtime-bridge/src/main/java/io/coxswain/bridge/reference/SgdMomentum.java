package io.coxswain.bridge.reference;

import java.util.List;

/**
 * Stochastic gradient descent with momentum (Polyak, 1964) in float32: velocity = momentum·velocity
 * + g, then p = p - lr·velocity.
 *
 * @param learningRate above 0
 * @param momentum in [0, 1)
 */
public record SgdMomentum(float learningRate, float momentum) implements Optimizer {
    private static final List<String> STATE_NAMES = List.of("sgd.velocity");

    /** Checks the bounds. */
    public SgdMomentum {
        Bounds.positive("learningRate", learningRate);
        Bounds.fraction("momentum", momentum);
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
        Chunk p = new Chunk(parameters, parametersAt);
        Chunk g = new Chunk(gradients, gradientsAt);
        Chunk velocity = new Chunk(state[0], stateAt);
        for (int done = 0; done < count; done += Chunk.ELEMENTS) {
            int elements = Math.min(Chunk.ELEMENTS, count - done);
            update(
                    p.load(done, elements),
                    g.load(done, elements),
                    velocity.load(done, elements),
                    elements,
                    scale);
            p.store(done, elements);
            velocity.store(done, elements);
        }
    }

    private void update(float[] p, float[] g, float[] velocity, int elements, float scale) {
        float keep = momentum;
        float rate = -learningRate;
        for (int i = 0; i < elements; i++) {
            float next = Math.fma(keep, velocity[i], g[i] * scale);
            velocity[i] = next;
            p[i] = Math.fma(rate, next, p[i]);
        }
    }
}
