package io.coxswain.chaos.simulation.invariant;

/** x */
public final class CopiesSpanDomains implements Invariant {
    @Override
    public String name() {
        return "I8 copies span domains";
    }
}
