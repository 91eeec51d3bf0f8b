package io.coxswain.coordinator.core.job;

/**
 * An invariant of the design (§10) does not hold: a bug, or corruption that nothing here can
 * repair. Whoever owns the machine stops with a dump; the machine must not be used again.
 */
public final class InvariantBroken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String invariant;

    /** {@code invariant} is the name in the design's table, such as {@code I2}. */
    public InvariantBroken(String invariant, String text) {
        super(invariant + ": " + text);
        this.invariant = invariant;
    }

    /** The name in the design's table. */
    public String invariant() {
        return invariant;
    }
}
