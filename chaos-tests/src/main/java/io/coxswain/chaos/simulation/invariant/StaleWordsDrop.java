package io.coxswain.chaos.simulation.invariant;

/** x */
public final class StaleWordsDrop implements Invariant {
    @Override
    public String name() {
        return "I10 stale words drop";
    }
}
