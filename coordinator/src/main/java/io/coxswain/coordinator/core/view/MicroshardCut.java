package io.coxswain.coordinator.core.view;

/**
 * How the microshards of a step are cut among the ranks: rank {@code i} of {@code N} computes
 * microshards {@code [i·M/N, (i+1)·M/N)}, rounded down, so that each is computed exactly once
 * whatever N is and two ranks' loads differ by at most one.
 *
 * @param microshards M, at least {@code ranks}
 * @param ranks N
 */
public record MicroshardCut(int microshards, int ranks) {
    public MicroshardCut {
        if (ranks < 1 || microshards < ranks) {
            throw new IllegalArgumentException(
                    "a cut needs at least one rank and a microshard for each, got "
                            + microshards
                            + " microshards for "
                            + ranks
                            + " ranks");
        }
    }

    /** The first microshard of {@code rank}. */
    public int from(int rank) {
        return bound(rank, ranks);
    }

    /** One past the last microshard of {@code rank}. */
    public int to(int rank) {
        return bound(rank + 1, ranks);
    }

    /** How many microshards {@code rank} computes; at least 1. */
    public int count(int rank) {
        return to(rank) - from(rank);
    }

    private int bound(int index, int limit) {
        if (index < 0 || index > limit) {
            throw new IllegalArgumentException("rank out of 0.." + (ranks - 1));
        }
        return (int) ((long) index * microshards / ranks);
    }
}
