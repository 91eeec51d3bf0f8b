package io.coxswain.chaos.simulation.invariant;

/** x */
public final class OneLeader implements Invariant {
    @Override
    public String name() {
        return "I1 one leader";
    }
}
