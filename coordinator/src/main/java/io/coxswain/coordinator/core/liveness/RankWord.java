package io.coxswain.coordinator.core.liveness;

import java.util.Set;

/**
 * What a rank last said that it is doing.
 *
 * @param operation {@code execute}, {@code reduce}, {@code apply}, {@code gather} …; {@code idle}
 *     when it has nothing to do, {@code join} while the runtimes of a view's ranks find each other,
 *     which says nothing of how long a step takes
 * @param waitingForRanks whose data the operation lacks
 * @param operationNanos since it began, with the age of the word added
 */
public record RankWord(
        int rank, String operation, Set<Integer> waitingForRanks, long operationNanos) {
    public RankWord {
        waitingForRanks = Set.copyOf(waitingForRanks);
    }

    boolean idle() {
        return operation.isEmpty() || operation.equals("idle") || operation.equals("join");
    }
}
