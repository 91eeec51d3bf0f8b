package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The evidence of one job and the incidents to which it belongs. It comes before the word that a
 * worker is lost, or while an incident is open, so it waits a while for its incident. Bounded: the
 * oldest goes. Owned by the decision loop.
 */
final class EvidenceBook {
    static final int MOST_ENTRIES = 256;
    static final long MOST_BYTES = 4L << 20;

    /** Incidents that can be explained. */
    private static final int MOST_INCIDENTS = 256;

    /** Ranks' sources that are kept with an incident. */
    private static final int MOST_SOURCES = 1_024;

    /** What came so long before an incident, or after its end, is of another. */
    private static final long NEAR_NANOS = 30_000_000_000L;

    private final ArrayList<Entry> entries = new ArrayList<>();
    private final TreeMap<Integer, Known> incidents = new TreeMap<>();
    private long bytes;

    private record Known(Incident incident, long seenNanos) {}

    /** {@code late}: it came after its incident was over, and may yet be of the next one. */
    private record Entry(Evidence evidence, boolean late) {}

    /** Takes evidence; returns it with its incident, if that is known already. */
    Evidence take(Evidence evidence) {
        Known newest = incidents.isEmpty() ? null : incidents.lastEntry().getValue();
        Entry entry = new Entry(evidence, false);
        if (newest != null && newest.incident().agents().contains(evidence.agentId())) {
            int number = newest.incident().id();
            boolean open = !newest.incident().closed();
            // The evidence of a hang takes longer than a spare that takes over.
            boolean late =
                    !open
                            && evidence.atNanos() - newest.seenNanos() < NEAR_NANOS
                            && of(number).stream()
                                    .noneMatch(one -> one.agentId().equals(evidence.agentId()));
            if (open || late) {
                entry = new Entry(evidence.of(number), late);
            }
        }
        entries.add(entry);
        bytes += evidence.bytes();
        while (entries.size() > MOST_ENTRIES || (bytes > MOST_BYTES && entries.size() > 1)) {
            bytes -= entries.removeFirst().evidence().bytes();
        }
        return entry.evidence();
    }

    /** An incident began, grew or ended; returns the evidence that is its from now on. */
    List<Evidence> incident(Incident incident, long nowNanos) {
        Incident kept =
                incident.sources().size() > MOST_SOURCES ? incident.withoutSources() : incident;
        incidents.put(incident.id(), new Known(kept, nowNanos));
        if (incidents.size() > MOST_INCIDENTS) {
            incidents.pollFirstEntry();
        }
        var found = new ArrayList<Evidence>();
        for (int i = 0; i < entries.size(); i++) {
            Evidence one = entries.get(i).evidence();
            boolean free =
                    one.incident() == 0
                            || (entries.get(i).late() && one.incident() < incident.id());
            if (free
                    && nowNanos - one.atNanos() < NEAR_NANOS
                    && incident.agents().contains(one.agentId())) {
                Evidence its = one.of(incident.id());
                entries.set(i, new Entry(its, false));
                found.add(its);
            }
        }
        return found;
    }

    /** The incident of that number, or the newest if it is 0; null if there is none. */
    @Nullable Incident find(int number) {
        Known known =
                number == 0
                        ? incidents.isEmpty() ? null : incidents.lastEntry().getValue()
                        : incidents.get(number);
        return known == null ? null : known.incident();
    }

    /** The numbers of those that can be explained. */
    List<Integer> numbers() {
        return List.copyOf(incidents.keySet());
    }

    /** All that is kept, oldest first. */
    List<Evidence> all() {
        return entries.stream().map(Entry::evidence).toList();
    }

    /** What belongs to that incident, oldest first; 0: what belongs to none. */
    List<Evidence> of(int incident) {
        return entries.stream()
                .map(Entry::evidence)
                .filter(one -> one.incident() == incident)
                .toList();
    }
}
