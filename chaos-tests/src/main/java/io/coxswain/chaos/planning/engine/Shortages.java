package io.coxswain.chaos.planning.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * When a job waited for machines, and for how many. Told of every machine that goes or comes, in
 * the order of time.
 */
public final class Shortages {
    private static final double SECOND = 1e9;

    private final List<Outcome.Shortage> over = new ArrayList<>();
    private final int unit;
    private int missing;
    private long missingSince;
    private boolean waiting;
    private long beganNanos;
    private int most;
    private double idleSeconds;

    /**
     * @param unit slots that a smaller job gives up at a time: one, or a whole replica
     */
    public Shortages(int unit) {
        this.unit = unit;
    }

    /**
     * That many of the ranks have no machine from now on.
     *
     * @param machines 0 or fewer: enough are up
     */
    public void missing(int machines, long nowNanos) {
        count(nowNanos);
        missing = Math.max(0, machines);
        missingSince = nowNanos;
        most = waiting ? Math.max(most, missing) : 0;
    }

    /** The job waits; without effect while it does already. */
    public void begin(long nowNanos) {
        if (!waiting) {
            waiting = true;
            beganNanos = nowNanos;
            missingSince = nowNanos;
            most = missing;
            idleSeconds = 0;
        }
    }

    /** The job goes on, or the run ends. A wait in which no machine was missing is no shortage. */
    public void end(long nowNanos) {
        if (waiting) {
            count(nowNanos);
            waiting = false;
            if (most > 0) {
                over.add(new Outcome.Shortage(beganNanos, nowNanos, most, idleSeconds));
            }
        }
    }

    /** Those that are over. */
    public List<Outcome.Shortage> over() {
        return List.copyOf(over);
    }

    private void count(long nowNanos) {
        if (waiting) {
            idleSeconds +=
                    Math.ceilDiv(missing, unit) * unit * ((nowNanos - missingSince) / SECOND);
            missingSince = nowNanos;
        }
    }
}
