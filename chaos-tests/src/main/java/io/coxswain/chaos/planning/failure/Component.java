package io.coxswain.chaos.planning.failure;

/**
 * One cause of failures: a Poisson process over all targets of its scope.
 *
 * @param name as in reports and options
 * @param perThousandDays failures per 1,000 targets and day; a target is a machine, or a domain of
 *     the scope
 * @param repairNanos median time until the machines are back; 0 where a restart is all it takes
 * @param repairSpread the standard deviation of repair times' logarithm; 0: all take equally long
 */
public record Component(
        String name, Scope scope, double perThousandDays, long repairNanos, double repairSpread) {
    /** Two of three repairs take between 0.6 and 1.6 times the median. */
    public static final double USUAL_SPREAD = 0.5;

    public Component(String name, Scope scope, double perThousandDays, long repairNanos) {
        this(name, scope, perThousandDays, repairNanos, USUAL_SPREAD);
    }

    public Component {
        if (!(perThousandDays >= 0) || Double.isInfinite(perThousandDays)) {
            throw new IllegalArgumentException(
                    name + ": expected a rate of 0 or more per 1,000 days, got " + perThousandDays);
        }
        if (repairNanos < 0) {
            throw new IllegalArgumentException(name + ": a repair time is 0 or more");
        }
        if (!(repairSpread >= 0) || Double.isInfinite(repairSpread)) {
            throw new IllegalArgumentException(name + ": a spread is 0 or more");
        }
    }

    public Component withRate(double perThousandDays) {
        return new Component(name, scope, perThousandDays, repairNanos, repairSpread);
    }

    public Component withRepair(long nanos) {
        return new Component(name, scope, perThousandDays, nanos, repairSpread);
    }
}
