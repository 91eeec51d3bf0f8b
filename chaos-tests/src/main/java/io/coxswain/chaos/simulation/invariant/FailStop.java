package io.coxswain.chaos.simulation.invariant;

/** x */
public final class FailStop implements Invariant {
    @Override
    public String name() {
        return "I14 fail stop";
    }
}
