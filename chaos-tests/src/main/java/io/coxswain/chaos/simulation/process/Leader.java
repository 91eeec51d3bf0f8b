package io.coxswain.chaos.simulation.process;

/** The leader's record in the store. */
record Leader(long term, SimCoordinator process) {
    @Override
    public String toString() {
        return process.name() + " of term " + term;
    }
}
