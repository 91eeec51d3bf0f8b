package io.coxswain.chaos.simulation.invariant;

/** When faults stop and capacity suffices, steps complete again; who is well is not given up. */
public final class Progress implements Invariant {
    @Override
    public String name() {
        return "I11 progress";
    }

    @Override
    public void declaredLost(
            String coordinator, String agent, String cause, boolean faultNear, boolean alive) {
        if (!faultNear) {
            throw new InvariantViolated(
                    name(), coordinator + " gives " + agent + " up, which is well: " + cause);
        }
    }

    @Override
    public void workerKilled(String agent, String reason, boolean faulty) {
        if (!faulty) {
            throw new InvariantViolated(
                    name(), agent + " kills its worker, which is well: " + reason);
        }
    }
}
