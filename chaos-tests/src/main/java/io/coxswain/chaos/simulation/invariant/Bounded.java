package io.coxswain.chaos.simulation.invariant;

/** x */
public final class Bounded implements Invariant {
    @Override
    public String name() {
        return "I12 bounded";
    }
}
