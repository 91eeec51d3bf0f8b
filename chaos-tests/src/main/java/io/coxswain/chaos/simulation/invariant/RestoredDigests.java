package io.coxswain.chaos.simulation.invariant;

/** x */
public final class RestoredDigests implements Invariant {
    @Override
    public String name() {
        return "I5 restored digests";
    }
}
