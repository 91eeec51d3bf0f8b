package io.coxswain.chaos.simulation.invariant;

/**
 * A broken invariant stops that coordinator or agent: the simulator takes whatever leaves a core as
 * an exception for a broken invariant of the product.
 */
public final class FailStop implements Invariant {
    @Override
    public String name() {
        return "I14 fail stop";
    }
}
