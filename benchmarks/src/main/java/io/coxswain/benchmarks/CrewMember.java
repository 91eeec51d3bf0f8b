package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** One incarnation of an agent, as far as a job's machine can tell. */
final class CrewMember {
    private static final int OWN_SLOTS = 2;

    final AgentProfile profile;
    boolean up = true;
    boolean ready;
    long promised;
    int rank = -1;
    @Nullable View view;

    /** The newest epoch that it was told to start. */
    long started;

    private @Nullable StateName live;

    /** Steps up to this were reported. */
    long reported;

    long floor;
    private final List<StateName> snapshots = new ArrayList<>();
    private final Map<Integer, StateName> copies = new TreeMap<>();
    private final Map<Integer, Long> copyToldAt = new TreeMap<>();

    CrewMember(AgentProfile profile) {
        this.profile = profile;
    }

    AgentKey key() {
        return profile.key();
    }

    int shard() {
        View in = view;
        return in == null || rank < 0 ? -1 : in.mesh().shardOf(rank);
    }

    @Nullable StateName live() {
        return live;
    }

    /** It has that state in its worker from now on; null: none. */
    void restored(@Nullable StateName state) {
        live = state;
        snapshots.removeIf(held -> state == null || held.shard() != state.shard());
    }

    /** It made that step of the view and took its snapshot, in the place of the oldest. */
    void made(long epoch, long step) {
        live = new StateName(epoch, step, shard());
        snapshots.add(live);
        if (snapshots.size() > OWN_SLOTS) {
            snapshots.removeFirst();
        }
    }

    void hold(StateName state) {
        copies.put(state.shard(), state);
    }

    /** True, and counted as done, if a copy of that shard may be told of again. */
    boolean tellsOf(int shard, long now, long leastNanos) {
        Long last = copyToldAt.get(shard);
        if (last != null && now - last < leastNanos) {
            return false;
        }
        copyToldAt.put(shard, now);
        return true;
    }

    Map<Integer, StateName> copies() {
        return copies;
    }

    Inventory inventory(long stateBytes, @Nullable Progress tail) {
        StateName name = live;
        return new Inventory(
                promised,
                ready,
                name == null || !ready ? null : held(name, stateBytes),
                snapshots.stream().map(state -> held(state, stateBytes)).toList(),
                copies.values().stream().map(state -> held(state, stateBytes)).toList(),
                tail,
                floor);
    }

    private static HeldState held(StateName state, long bytes) {
        return new HeldState(state, digest(state.shard(), state.step()), bytes);
    }

    /** A new object each time, as from the wire. */
    static Digest digest(int shard, long step) {
        return new Digest(String.format(Locale.ROOT, "%032x%032x", step + 1, shard));
    }
}
