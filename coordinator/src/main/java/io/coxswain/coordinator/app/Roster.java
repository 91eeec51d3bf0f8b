package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The agents that are attached, or whose stream broke and who are not declared lost. In order of
 * their keys, so that nothing depends on a hash. Owned by the decision loop.
 */
final class Roster {
    /** One agent; {@code stream} is its newest. */
    static final class Entry {
        final AgentProfile profile;
        long stream;
        boolean suspect;
        boolean streaming = true;
        String doing = "";
        AgentWord.@Nullable Heartbeat beat;
        CoordinatorStatus.AgentProcess process = CoordinatorStatus.AgentProcess.UNKNOWN;

        Entry(AgentProfile profile, long stream) {
            this.profile = profile;
            this.stream = stream;
        }

        /**
         * For people: what it is to that job; of one that is out of service and has no rank, how
         * far it is from being taken away.
         */
        String state(@Nullable JobRun run, MaintenanceDesk maintenance) {
            if (suspect || !streaming) {
                return "suspect";
            }
            String state = run == null ? "attached" : run.stateOf(profile.key());
            MaintenanceState away = maintenance.state(profile.key());
            return away == null || state.equals("ranked") ? state : away.key();
        }

        /** For people: what is wrong with it, what is to become of it, or what it does. */
        String detail(@Nullable JobRun run, MaintenanceDesk maintenance) {
            String wrong = run == null ? "" : run.detailOf(profile.key());
            String away = maintenance.detail(profile.key());
            return !wrong.isEmpty() ? wrong : !away.isEmpty() ? away : doing;
        }

        /** All of that. */
        CoordinatorStatus.Agent status(@Nullable JobRun run, MaintenanceDesk maintenance) {
            AgentKey key = profile.key();
            return new CoordinatorStatus.Agent(
                    key.id(),
                    key.incarnation(),
                    profile.domain().toString(),
                    state(run, maintenance),
                    run == null ? -1 : run.rankOf(key),
                    profile.dataEndpoint().host() + ":" + profile.dataEndpoint().port(),
                    profile.arenaBudgetBytes(),
                    detail(run, maintenance),
                    process);
        }
    }

    private final Map<AgentKey, Entry> byKey = new TreeMap<>();
    private final Map<Long, AgentKey> byStream = new HashMap<>();

    /**
     * Takes an attachment; returns the agent's stream before, or 0. The profile may have changed.
     */
    long attach(AgentProfile profile, long stream) {
        Entry before = byKey.put(profile.key(), new Entry(profile, stream));
        byStream.put(stream, profile.key());
        if (before == null) {
            return 0;
        }
        byStream.remove(before.stream);
        return before.stream;
    }

    /** The agent whose current stream that is. */
    @Nullable Entry byStream(long stream) {
        AgentKey key = byStream.get(stream);
        return key == null ? null : byKey.get(key);
    }

    @Nullable Entry of(AgentKey key) {
        return byKey.get(key);
    }

    /** The agent of that name; the newest incarnation, where two are here. */
    @Nullable Entry named(String id) {
        Entry found = null;
        for (Entry entry : byKey.values()) {
            if (entry.profile.key().id().equals(id)
                    && (found == null || entry.stream > found.stream)) {
                found = entry;
            }
        }
        return found;
    }

    @Nullable Entry remove(AgentKey key) {
        Entry entry = byKey.remove(key);
        if (entry != null) {
            byStream.remove(entry.stream);
        }
        return entry;
    }

    Collection<Entry> all() {
        return byKey.values();
    }

    int size() {
        return byKey.size();
    }

    void clear() {
        byKey.clear();
        byStream.clear();
    }
}
