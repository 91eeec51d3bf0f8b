package io.coxswain.chaos.simulation.invariant;

/** x */
public final class LedgerTiles implements Invariant {
    @Override
    public String name() {
        return "I13 ledger tiles";
    }
}
