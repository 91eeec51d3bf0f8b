package io.coxswain.chaos.simulation.invariant;

/** x */
public final class OneViewPerStep implements Invariant {
    @Override
    public String name() {
        return "I7 one view per step";
    }
}
