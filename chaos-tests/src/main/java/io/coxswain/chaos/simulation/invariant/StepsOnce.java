package io.coxswain.chaos.simulation.invariant;

/** x */
public final class StepsOnce implements Invariant {
    @Override
    public String name() {
        return "I2 steps once";
    }
}
