package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.worker.Arena;

import java.util.HashSet;
import java.util.Set;

/** No unverified byte enters live state, and none is vouched for. */
public final class VerifiedBytes implements Invariant {
    private final Set<String> verified = new HashSet<>();

    @Override
    public String name() {
        return "I9 verified bytes";
    }

    @Override
    public void loaded(String agent, Arena.Cell cell, String expectedDigest) {
        if (!cell.isIntact()) {
            throw new InvariantViolated(name(), agent + " loads a damaged " + cell.name());
        }
        if (!expectedDigest.isEmpty() && !expectedDigest.equals(cell.digestHex())) {
            throw new InvariantViolated(
                    name(), agent + " loads " + cell.name() + " with another digest than ordered");
        }
    }

    @Override
    public void committed(JobHistory job, String agent, Arena.Cell cell) {
        StateName name = cell.name();
        if (name == null) {
            return;
        }
        long right = job.truth.hash(name.epoch(), name.step(), name.shard());
        if (cell.content() != right) {
            throw new InvariantViolated(
                    name(), agent + " commits " + name + ", which is not that state");
        }
        verified.add(agent + name);
    }

    @Override
    public void copyAcknowledged(JobHistory job, String source, String holder, StateName state) {
        if (!verified.contains(holder + state)) {
            throw new InvariantViolated(
                    name(),
                    source + " hears that " + holder + " holds " + state + ", which it never did");
        }
    }
}
