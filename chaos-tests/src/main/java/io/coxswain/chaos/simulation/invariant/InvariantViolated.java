package io.coxswain.chaos.simulation.invariant;

/** An invariant of the design does not hold. */
public final class InvariantViolated extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String invariant;

    public InvariantViolated(String invariant, String text) {
        super(invariant + ": " + text);
        this.invariant = invariant;
    }

    /** Its name, as {@code I5 restored digests}. */
    public String invariant() {
        return invariant;
    }
}
