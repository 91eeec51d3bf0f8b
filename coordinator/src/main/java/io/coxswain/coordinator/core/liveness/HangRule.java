package io.coxswain.coordinator.core.liveness;

import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who hangs when nobody makes steps although all agents answer (design §4). One hang stalls
 * everybody, so the ranks' waits form a graph: suspected is the rank that is waited for and waits
 * for nobody; where all wait for somebody, as on a cut data link, the most accused. A hang is
 * judged by the budget that the job's own step times give.
 */
public final class HangRule {
    /** An operation may take this many of the longest step seen. */
    static final int STEPS_IN_BUDGET = 8;

    /** Words are up to some heartbeats old: no budget is shorter than this. */
    static final long LEAST_BUDGET_NANOS = 2_000_000_000L;

    /** Ranks that a text names one by one. */
    private static final int MOST_NAMED = 16;

    private HangRule() {}

    /**
     * A suspicion, no verdict.
     *
     * @param accusers ranks over the budget that wait for it
     * @param cycle everybody waits for somebody: it is the most accused one
     * @param operation what it does, and in what part of a step, if its program says
     * @param collective in which its accusers wait; empty: nobody waits
     * @param absent who never entered that, it included, in order; empty in a cycle
     * @param stalledNanos how long the longest wait lasts
     */
    public record Suspicion(
            int rank,
            int accusers,
            boolean cycle,
            String operation,
            String collective,
            List<Integer> absent,
            long stalledNanos,
            long budgetNanos) {
        public Suspicion {
            absent = List.copyOf(absent);
        }

        /** For a log, an incident, a page. */
        public String text() {
            String who =
                    cycle
                            ? "rank "
                                    + rank
                                    + " is the most accused ("
                                    + accusers
                                    + " ranks wait for it) in a cycle of waits"
                            : "rank "
                                    + rank
                                    + " hangs in "
                                    + operation
                                    + "; "
                                    + accusers
                                    + (accusers == 1 ? " rank waits" : " ranks wait")
                                    + " for it"
                                    + neverEntered();
            return who
                    + "; no step for "
                    + stalledNanos / 1_000_000
                    + " ms, where the job's own step times allow "
                    + budgetNanos / 1_000_000
                    + " ms";
        }

        private String neverEntered() {
            if (collective.isEmpty() || absent.isEmpty()) {
                return "";
            }
            String names =
                    String.join(
                            ", ", absent.stream().limit(MOST_NAMED).map(String::valueOf).toList());
            int more = absent.size() - MOST_NAMED;
            return " in "
                    + collective
                    + ", which "
                    + (absent.size() == 1 ? "rank " : "ranks ")
                    + names
                    + (more > 0 ? " and " + more + " more" : "")
                    + " never entered";
        }
    }

    /** How long an operation may take; {@link Long#MAX_VALUE} while the job has shown no step. */
    public static long budgetNanos(StepTimes times) {
        if (!times.known()) {
            return Long.MAX_VALUE;
        }
        long longest = Math.min(times.longestNanos(), Long.MAX_VALUE / STEPS_IN_BUDGET);
        return Math.max(LEAST_BUDGET_NANOS, STEPS_IN_BUDGET * longest);
    }

    /**
     * Judges from the words of all ranks.
     *
     * @param words the newest of each rank, in any order
     * @return null while nothing is over the budget, or nobody can be named
     */
    public static @Nullable Suspicion judge(List<RankWord> words, long budgetNanos) {
        List<RankWord> stalled =
                words.stream().filter(w -> !w.idle() && w.operationNanos() > budgetNanos).toList();
        if (stalled.isEmpty()) {
            return null;
        }
        long longest = stalled.stream().mapToLong(RankWord::operationNanos).max().orElse(0);
        Suspicion behind = behind(words, stalled, longest, budgetNanos);
        if (behind != null) {
            return behind;
        }
        var accusers = new HashMap<Integer, Integer>();
        stalled.forEach(w -> w.waitingForRanks().forEach(r -> accusers.merge(r, 1, Integer::sum)));
        Comparator<RankWord> mostSuspect =
                Comparator.comparingInt((RankWord w) -> accusers.getOrDefault(w.rank(), 0))
                        .thenComparingLong(RankWord::operationNanos)
                        .thenComparingInt(w -> -w.rank());
        // Its own operation must be over the budget too: a rank that has just moved on only lags in
        // its words. An idle one that others wait for is stuck before its operation.
        RankWord root =
                words.stream()
                        .filter(w ->
                                w.waitingForRanks().isEmpty() && w.operationNanos() > budgetNanos)
                        .filter(w -> !w.idle() || accusers.containsKey(w.rank()))
                        .max(mostSuspect)
                        .orElse(null);
        if (root != null) {
            return new Suspicion(
                    root.rank(),
                    accusers.getOrDefault(root.rank(), 0),
                    false,
                    root.doing(),
                    collective(stalled, root.rank()),
                    words.stream()
                            .filter(w ->
                                    w.waitingForRanks().isEmpty()
                                            && w.operationNanos() > budgetNanos)
                            .map(RankWord::rank)
                            .filter(accusers::containsKey)
                            .sorted()
                            .toList(),
                    longest,
                    budgetNanos);
        }
        boolean someoneMovedOn =
                words.stream()
                        .anyMatch(w ->
                                w.waitingForRanks().isEmpty() && accusers.containsKey(w.rank()));
        if (someoneMovedOn) {
            return null;
        }
        return words.stream()
                .filter(w -> accusers.containsKey(w.rank()))
                .max(mostSuspect)
                .map(w ->
                        new Suspicion(
                                w.rank(),
                                count(accusers, w.rank()),
                                true,
                                w.doing(),
                                "",
                                List.of(),
                                longest,
                                budgetNanos))
                .orElse(null);
    }

    /**
     * Where the runtime reduces, ranks say how far they have come: whoever is behind the collective
     * that others wait in never entered it. Named are those who are furthest behind: where ranks
     * reduce in several groups, others between them and the first ones wait for them.
     *
     * @return null if nobody says, if all have entered, or while somebody may be on his way
     */
    private static @Nullable Suspicion behind(
            List<RankWord> words, List<RankWord> stalled, long longest, long budgetNanos) {
        RankWord first =
                stalled.stream()
                        .filter(w -> w.entered() > 0)
                        .max(
                                Comparator.comparingLong(RankWord::step)
                                        .thenComparingInt(RankWord::entered))
                        .orElse(null);
        if (first == null) {
            return null;
        }
        List<RankWord> absent =
                words.stream()
                        .filter(w -> w.isBehind(first) && w.operationNanos() > budgetNanos)
                        .sorted(Comparator.comparingInt(RankWord::rank))
                        .toList();
        RankWord suspect =
                absent.stream()
                        .min(
                                Comparator.comparingLong(RankWord::step)
                                        .thenComparingInt(RankWord::entered)
                                        .thenComparingInt(RankWord::rank))
                        .orElse(null);
        if (suspect == null) {
            return null;
        }
        int waiting = Math.toIntExact(stalled.stream().filter(suspect::isBehind).count());
        return new Suspicion(
                suspect.rank(),
                waiting,
                false,
                suspect.doing(),
                "collective " + first.entered() + " of step " + first.step(),
                absent.stream().filter(w -> !suspect.isBehind(w)).map(RankWord::rank).toList(),
                longest,
                budgetNanos);
    }

    /** What those do who wait for that rank: the first of them in order. */
    private static String collective(List<RankWord> stalled, int rank) {
        return stalled.stream()
                .filter(w -> w.waitingForRanks().contains(rank))
                .min(Comparator.comparingInt(RankWord::rank))
                .map(RankWord::operation)
                .orElse("");
    }

    private static int count(Map<Integer, Integer> accusers, int rank) {
        return accusers.getOrDefault(rank, 0);
    }
}
