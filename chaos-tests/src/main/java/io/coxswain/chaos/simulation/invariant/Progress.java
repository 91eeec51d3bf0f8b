package io.coxswain.chaos.simulation.invariant;

/** x */
public final class Progress implements Invariant {
    @Override
    public String name() {
        return "I11 progress";
    }
}
