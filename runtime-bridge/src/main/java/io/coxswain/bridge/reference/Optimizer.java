package io.coxswain.bridge.reference;

import java.util.List;

/**
 * An update rule that treats every element alone, so that any cut of the parameters into ranges
 * gives the same bits. Its state is vectors shaped like the flat parameter vector, all 0 before the
 * first step; there are no scalars, since the step number says the rest. Immutable, safe for any
 * thread.
 */
public sealed interface Optimizer permits Adam, SgdMomentum {
    /**
     * The names of the state's vectors, in order: {@code adam.m}, {@code adam.v}, or {@code
     * sgd.velocity}.
     */
    List<String> stateNames();

    /**
     * Updates {@code count} consecutive elements in place, with the gradient {@code gradients[i] ·
     * scale}.
     *
     * @param step which step this is, from 1
     * @param scale turns the summed gradient into the mean: 1 / batch
     * @param parameters holds the parameters, the first at {@code parametersAt}
     * @param gradients holds the summed gradients, the first at {@code gradientsAt}; only read
     * @param state the vectors of {@link #stateNames}, in that order, the first element of each at
     *     {@code stateAt}
     */
    void apply(
            long step,
            float scale,
            float[] parameters,
            int parametersAt,
            float[] gradients,
            int gradientsAt,
            float[][] state,
            int stateAt,
            int count);
}
