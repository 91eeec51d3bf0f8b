package io.coxswain.agent.core;

import io.coxswain.agent.core.model.GrantedFloor;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The floors that came with the grants of one view. Where the runtime reduces, ranks exchange no
 * messages of their own, so the floor comes from the leader; it is bound to the steps of the grant
 * that it came with, which no rank could make before, so that all ranks decide alike however late a
 * grant reaches them.
 */
final class GrantedFloors {
    /** Floor by the last step that is decided by it. */
    private final TreeMap<Long, Long> floors = new TreeMap<>();

    void clear() {
        floors.clear();
    }

    /** What was granted is never changed: an entry that is known already says the same. */
    void take(List<GrantedFloor> granted) {
        for (int i = 0; i < granted.size(); i++) {
            floors.putIfAbsent(granted.get(i).through(), granted.get(i).floor());
        }
    }

    /**
     * By what {@code step} is decided; by floor 0 where nothing was said. Forgets older entries.
     */
    GrantedFloor at(long step) {
        Map.Entry<Long, Long> entry = floors.ceilingEntry(step);
        floors.headMap(step, false).clear();
        return entry == null
                ? new GrantedFloor(step, 0)
                : new GrantedFloor(entry.getKey(), entry.getValue());
    }

    /** All that are not forgotten, ascending. */
    List<GrantedFloor> all() {
        return floors.entrySet().stream()
                .map(entry -> new GrantedFloor(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** The newest that came. */
    long newest() {
        Map.Entry<Long, Long> last = floors.lastEntry();
        return last == null ? 0 : last.getValue();
    }
}
