package io.coxswain.chaos.simulation.invariant;

/** x */
public final class VerifiedBytes implements Invariant {
    @Override
    public String name() {
        return "I9 verified bytes";
    }
}
