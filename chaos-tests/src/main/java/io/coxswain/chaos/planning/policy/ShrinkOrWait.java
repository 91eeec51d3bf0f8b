package io.coxswain.chaos.planning.policy;

import io.coxswain.chaos.planning.engine.Conditions;
import io.coxswain.chaos.planning.engine.Outcome;

/**
 * What the other answer to a shortage of machines would have cost. The coordinator waits, since it
 * cannot shrink yet; shrinking is reckoned, not simulated: two more view changes in which all
 * states are laid out anew, and in between the slots that are missing, rounded up to whole replicas
 * where there are several, stand idle.
 *
 * @param shortages how often machines were short
 * @param waitSlotSeconds lost by waiting, all slots
 * @param shrinkSlotSeconds lost by shrinking and growing again
 */
public record ShrinkOrWait(long shortages, double waitSlotSeconds, double shrinkSlotSeconds) {
    private static final double SECOND = 1e9;

    /** Reckons both for the shortages that a run had. */
    public static ShrinkOrWait of(Conditions conditions, Outcome outcome) {
        double wait = 0;
        double shrink = 0;
        double change = 2 * changeNanos(conditions) / SECOND * conditions.ranks();
        for (Outcome.Shortage shortage : outcome.shortages()) {
            double seconds = shortage.nanos() / SECOND;
            wait += seconds * conditions.ranks();
            shrink += change + shortage.idleSeconds();
        }
        return new ShrinkOrWait(outcome.shortages().size(), wait, shrink);
    }

    private static double changeNanos(Conditions conditions) {
        var costs = conditions.costs();
        return costs.fenceNanos()
                + 2.0 * costs.persistNanos()
                + costs.restoreNanos()
                + conditions.fetchNanos()
                + costs.resumeNanos();
    }
}
