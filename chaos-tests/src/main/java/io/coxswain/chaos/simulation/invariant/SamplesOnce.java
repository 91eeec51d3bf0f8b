package io.coxswain.chaos.simulation.invariant;

/** x */
public final class SamplesOnce implements Invariant {
    @Override
    public String name() {
        return "I6 samples once";
    }
}
