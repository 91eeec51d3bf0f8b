package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.GrantedFloor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;

/**
 * Which snapshots of a view all ranks have where they should be. Where the runtime reduces, ranks
 * exchange no messages by which they could agree on the floor: each tells the leader, and the floor
 * is the newest step that all told of. O(log of the steps) per report; a rank tells of three steps
 * at most.
 */
final class Acknowledgements {
    private final List<List<Long>> byRank;

    /** Grants that carried a floor and that a rank may still be in. */
    private final ArrayDeque<GrantedFloor> granted = new ArrayDeque<>();

    /** How many ranks told of a step. */
    private final TreeMap<Long, Integer> ranksAt = new TreeMap<>();

    Acknowledgements(int ranks) {
        byRank = new ArrayList<>(Collections.nCopies(ranks, List.of()));
    }

    /** A view begins: nothing of it is acknowledged. */
    void clear() {
        ranksAt.clear();
        granted.clear();
        byRank.replaceAll(steps -> List.of());
    }

    /**
     * Takes what a rank holds above the floor. A rank that tells of nothing may not have been
     * asked: what it told before stands.
     */
    void note(int rank, List<Long> steps) {
        if (steps.isEmpty() || steps.equals(byRank.get(rank))) {
            return;
        }
        for (long step : byRank.get(rank)) {
            ranksAt.computeIfPresent(step, (key, count) -> count == 1 ? null : count - 1);
        }
        for (long step : steps) {
            ranksAt.merge(step, 1, Integer::sum);
        }
        byRank.set(rank, steps);
    }

    /** The newest step, {@code through} at most, that all ranks told of; -1 if there is none. */
    long newest(long through) {
        for (var told : ranksAt.headMap(through, true).descendingMap().entrySet()) {
            if (told.getValue() == byRank.size()) {
                return told.getKey();
            }
        }
        return -1;
    }

    /** Steps up to {@code through} are granted and decided by that floor; all ranks made some. */
    void grant(long completed, long through, long floor) {
        while (!granted.isEmpty() && granted.getFirst().through() <= completed) {
            granted.removeFirst();
        }
        granted.addLast(new GrantedFloor(through, floor));
    }

    /** What a leader before granted: it is never changed. */
    void inherit(List<GrantedFloor> floors) {
        granted.clear();
        granted.addAll(floors);
    }

    /** By which floors the steps are decided that a rank may be in; ascending. */
    List<GrantedFloor> granted() {
        return List.copyOf(granted);
    }
}
