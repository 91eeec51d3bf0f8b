package io.coxswain.chaos.cluster;

import java.time.Duration;

/**
 * When a scenario on somebody's own cluster is broken off: everything heals then, and no oracle is
 * asked. That the job is over before its time always breaks off.
 *
 * @param noStepFor the job completed no step for so long
 * @param goodputBelow since attaching, counted in time as {@link io.coxswain.chaos.checker.Goodput}
 *     does, from the first fault on; 0: never
 */
public record AbortWhen(Duration noStepFor, double goodputBelow) {
    public AbortWhen {
        if (noStepFor.isNegative() || noStepFor.isZero()) {
            throw new IllegalArgumentException(
                    "no step for " + noStepFor + ": expected more than 0");
        }
        if (!(goodputBelow >= 0 && goodputBelow < 1)) {
            throw new IllegalArgumentException(
                    "goodput below " + goodputBelow + ": expected 0 (never) to less than 1");
        }
    }

    /** No step for a minute. */
    public static AbortWhen usual() {
        return new AbortWhen(Duration.ofMinutes(1), 0);
    }
}
