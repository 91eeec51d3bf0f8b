package io.coxswain.chaos.simulation.invariant;

/** x */
public final class CompletedStays implements Invariant {
    @Override
    public String name() {
        return "I4 completed stays";
    }
}
