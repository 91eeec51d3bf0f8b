package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * How often the same cause was met at the same step: a sample, a step or a state that kills whoever
 * takes it up shows so. Causes that differ in the agent or in a number are the same; what fails
 * together, such as the hosts of a rack, counts once. Bounded: it knows the newest steps only.
 */
final class Repeats {
    private static final int KEPT = 256;

    private record Met(long step, Incident.Kind kind, String what) {}

    private final Map<Met, Integer> counts = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<Met> inThisView = new HashSet<>();

    /** Notes a cause and says how often it was met by now, at least 1. */
    int met(long step, Incident.Kind kind, String agent, String what) {
        if (kind == Incident.Kind.PLANNED || kind == Incident.Kind.SPARE) {
            return 1;
        }
        String same = withoutNumbers(what.replace(agent, "?"));
        var met = new Met(step, kind, same);
        if (!inThisView.add(met)) {
            return counts.getOrDefault(met, 1);
        }
        int count = counts.merge(met, 1, Integer::sum);
        if (counts.size() > KEPT) {
            counts.remove(counts.keySet().iterator().next());
        }
        return count;
    }

    /** Numbers aside: epochs, process ids and ports differ from time to time. */
    static String withoutNumbers(String what) {
        return what.replaceAll("[0-9]+", "#");
    }

    /** A view is active: what is met from now on is met anew. */
    void viewActive() {
        inThisView.clear();
    }
}
