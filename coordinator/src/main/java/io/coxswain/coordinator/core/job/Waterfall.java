package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The phases of one incident as they come: how long each took in all, and each stretch of each.
 * Bounded: of very many stretches the first and the newest are kept, the sums count all.
 */
final class Waterfall {
    /** A recovery that fails a dozen times has about so many. */
    static final int KEPT = 64;

    private static final int KEPT_FIRST = 16;

    /** Agents named for one stretch; who waits for more waits for a rack. */
    private static final int NAMED = 32;

    /** Characters of what is told of one stretch beside its reason. */
    private static final int MOST_WORDS = 1_000;

    private final EnumMap<Incident.Phase, Long> sums = new EnumMap<>(Incident.Phase.class);
    private final ArrayList<Incident.Stretch> over = new ArrayList<>();
    private final LinkedHashSet<String> waitedFor = new LinkedHashSet<>();
    private Incident.Phase phase = Incident.Phase.DETECT;
    private long epoch;
    private long sinceNanos;
    private String reason = "";

    /**
     * Begins with a detection that took that long and ended now.
     *
     * @param atNanos job time, as all instants here
     */
    void begin(String agent, String cause, long detectNanos, long viewEpoch, long atNanos) {
        sums.clear();
        over.clear();
        waitedFor.clear();
        long began = atNanos - Math.max(0, detectNanos);
        phase = Incident.Phase.DETECT;
        epoch = viewEpoch;
        sinceNanos = began;
        reason = cause;
        if (!agent.isEmpty()) {
            waitedFor.add(agent);
        }
        next(Incident.Phase.FENCE, "", viewEpoch, atNanos);
    }

    Incident.Phase phase() {
        return phase;
    }

    /** What ran is over; {@code next} begins. */
    void next(Incident.Phase next, String why, long nextEpoch, long atNanos) {
        end(atNanos);
        phase = next;
        epoch = nextEpoch;
        sinceNanos = atNanos;
        reason = why;
        waitedFor.clear();
    }

    /** The phase goes on, with what is known of it by now. */
    void more(String why, long itsEpoch) {
        epoch = Math.max(epoch, itsEpoch);
        if (reason.isEmpty()) {
            reason = why;
        }
    }

    /** What happens in the phase that runs, in words; of very much the beginning is kept. */
    boolean note(String text) {
        if (reason.length() + text.length() > MOST_WORDS) {
            return false;
        }
        reason = reason.isEmpty() ? text : reason + "; " + text;
        return true;
    }

    /** The phase that runs takes this long for their sake. */
    void waitFor(List<String> agents) {
        for (String agent : agents) {
            if (waitedFor.size() < NAMED) {
                waitedFor.add(agent);
            }
        }
    }

    /** Nothing runs any more. */
    void end(long atNanos) {
        long nanos = Math.max(0, atNanos - sinceNanos);
        sums.merge(phase, nanos, Long::sum);
        // One that took no time and has nothing to tell never was.
        if (nanos > 0 || !reason.isEmpty()) {
            if (over.size() == KEPT) {
                over.remove(KEPT_FIRST);
            }
            over.add(running(atNanos));
        }
        sinceNanos = atNanos;
        reason = "";
    }

    private Incident.Stretch running(long atNanos) {
        return new Incident.Stretch(
                phase,
                epoch,
                sinceNanos,
                Math.max(0, atNanos - sinceNanos),
                reason,
                List.copyOf(waitedFor));
    }

    /** All stretches; with {@code open} the one that runs last, so far as it got. */
    List<Incident.Stretch> stretches(boolean open, long atNanos) {
        var all = new ArrayList<>(over);
        if (open) {
            all.add(running(atNanos));
        }
        return all;
    }

    /** All sums; with {@code open} including what runs. */
    Incident.Phases phases(boolean open, long atNanos) {
        long running = open ? Math.max(0, atNanos - sinceNanos) : 0;
        return new Incident.Phases(
                spent(Incident.Phase.DETECT, running),
                spent(Incident.Phase.FENCE, running),
                spent(Incident.Phase.DECIDE, running),
                spent(Incident.Phase.RESTORE, running),
                spent(Incident.Phase.RESUME, running));
    }

    private long spent(Incident.Phase which, long running) {
        return sums.getOrDefault(which, 0L) + (which == phase ? running : 0);
    }
}
