package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.Incident;

import java.util.Collection;
import java.util.Collections;
import java.util.TreeMap;

/** The newest interruptions of a job, each as it was told last. Bounded, sources of ranks too. */
final class IncidentBook {
    private static final int KEPT = 1_000;

    /** Over all; the newest keeps its own, however many. */
    private static final int KEPT_SOURCES = 262_144;

    private final TreeMap<Integer, Incident> byId = new TreeMap<>();
    private long sources;

    void put(Incident incident) {
        Incident former = byId.put(incident.id(), incident);
        sources += incident.sources().size() - (former == null ? 0 : former.sources().size());
        if (byId.size() > KEPT) {
            sources -= byId.pollFirstEntry().getValue().sources().size();
        }
        if (sources > KEPT_SOURCES) {
            forgetSources();
        }
    }

    private void forgetSources() {
        for (var entry : byId.headMap(byId.lastKey()).entrySet()) {
            if (sources <= KEPT_SOURCES) {
                return;
            }
            sources -= entry.getValue().sources().size();
            entry.setValue(entry.getValue().withoutSources());
        }
    }

    /** How many there were: they are numbered from 1. */
    int count() {
        return byId.isEmpty() ? 0 : byId.lastKey();
    }

    /** In order. */
    Collection<Incident> values() {
        return Collections.unmodifiableCollection(byId.values());
    }
}
