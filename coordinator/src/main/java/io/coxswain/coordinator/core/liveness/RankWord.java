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
 * @param step that it makes
 * @param entered where the runtime reduces: to how many collectives of that step the rank's worker
 *     has come; 0: it does not say
 * @param part of the step in which its program is, as it says: {@code backward} …; empty: it does
 *     not say
 */
public record RankWord(
        int rank,
        String operation,
        Set<Integer> waitingForRanks,
        long operationNanos,
        long step,
        int entered,
        String part) {
    private static final int MOST_PART = 64;

    public RankWord {
        waitingForRanks = Set.copyOf(waitingForRanks);
        part = part.length() <= MOST_PART ? part : part.substring(0, MOST_PART);
    }

    public RankWord(int rank, String operation, Set<Integer> waitingForRanks, long operationNanos) {
        this(rank, operation, waitingForRanks, operationNanos, 0, 0, "");
    }

    /** The same word, as old as it is now. */
    RankWord aged(long nanos) {
        return new RankWord(
                rank, operation, waitingForRanks, operationNanos + nanos, step, entered, part);
    }

    /** What it does, for a person. */
    String doing() {
        return part.isEmpty() ? operation : operation + " (" + part + ")";
    }

    /** Whether it has come less far than another one, by steps and collectives. */
    boolean isBehind(RankWord other) {
        return step != other.step ? step < other.step : entered < other.entered;
    }

    boolean idle() {
        return operation.isEmpty() || operation.equals("idle") || operation.equals("join");
    }
}
