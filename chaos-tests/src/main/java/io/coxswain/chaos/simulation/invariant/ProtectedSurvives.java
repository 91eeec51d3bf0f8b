package io.coxswain.chaos.simulation.invariant;

/** x */
public final class ProtectedSurvives implements Invariant {
    @Override
    public String name() {
        return "I3 protected survives";
    }
}
