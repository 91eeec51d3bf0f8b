package io.coxswain.coordinator.core.recovery;

import java.util.List;

/** Why a recovery was decided so: data, rendered late. */
public sealed interface RecoveryReason {
    /** For a log, an incident, a page. */
    String text();

    /**
     * Holders of one state disagreed. {@code excluded}: no digest had a majority, so none of them
     * is used.
     */
    record Conflict(long step, int shard, List<Vote> votes, boolean excluded) {
        /** {@code agents} agents hold the state with that digest. */
        public record Vote(String digestHex, int agents) {}

        public Conflict {
            votes = List.copyOf(votes);
        }

        String text() {
            var text =
                    new StringBuilder(
                            "holders of shard " + shard + " at step " + step + " disagree (");
            for (int i = 0; i < votes.size(); i++) {
                Vote vote = votes.get(i);
                text.append(i == 0 ? "" : ", ")
                        .append(vote.digestHex(), 0, Math.min(8, vote.digestHex().length()))
                        .append(" by ")
                        .append(vote.agents());
            }
            return text.append(excluded ? "): not used" : "): the majority is used").toString();
        }
    }

    /** What a leader before this one decided by, in its words. */
    record Former(String words) implements RecoveryReason {
        @Override
        public String text() {
            return words;
        }
    }

    /**
     * Nothing was ever completed and no newer state is held by all: the initial state is computed
     * from the seed.
     */
    record FromSeed(int ranks, List<Conflict> conflicts) implements RecoveryReason {
        public FromSeed {
            conflicts = List.copyOf(conflicts);
        }

        @Override
        public String text() {
            return "no step was completed: "
                    + ranks
                    + " ranks start from the seed"
                    + suffix(conflicts);
        }
    }

    /**
     * The newest step of which every shard has an intact, trusted instance.
     *
     * @param limitingShards the shards that lack the next newer step that some shard has; empty
     *     when nothing newer exists
     * @param kept ranks that go on from their live state
     * @param movedBytes over the network
     */
    record NewestHeldByAll(
            long targetStep,
            long completedStep,
            List<Integer> limitingShards,
            int kept,
            int local,
            int fetched,
            long movedBytes,
            List<Conflict> conflicts)
            implements RecoveryReason {
        public NewestHeldByAll {
            limitingShards = List.copyOf(limitingShards);
            conflicts = List.copyOf(conflicts);
        }

        /** Completed steps that are made again. */
        public long stepsLost() {
            return Math.max(0, completedStep - targetStep);
        }

        @Override
        public String text() {
            var text =
                    new StringBuilder("step " + targetStep + " is the newest that every shard has");
            if (!limitingShards.isEmpty()) {
                text.append(" (newer is missing of ").append(named(limitingShards)).append(')');
            }
            text.append(": ")
                    .append(kept)
                    .append(" ranks keep their live state, ")
                    .append(local)
                    .append(" load from their own memory, ")
                    .append(fetched)
                    .append(" fetch from a peer");
            if (stepsLost() > 0) {
                text.append("; ").append(stepsLost()).append(" completed steps are made again");
            }
            return text + suffix(conflicts);
        }
    }

    /** There are fewer ready agents than ranks. */
    record TooFewReady(int ranks, int ready, int attached) implements RecoveryReason {
        @Override
        public String text() {
            return ranks
                    + " ranks need an agent each; "
                    + attached
                    + " agents are attached and "
                    + ready
                    + " of them ready";
        }
    }

    /**
     * No step is held by all shards.
     *
     * @param bestStep the step that the fewest shards lack, -1 when no trusted state is left at all
     */
    record NoCommonStep(
            List<Integer> shards, long bestStep, long completedStep, List<Conflict> conflicts)
            implements RecoveryReason {
        public NoCommonStep {
            shards = List.copyOf(shards);
            conflicts = List.copyOf(conflicts);
        }

        @Override
        public String text() {
            return "no instance is left of "
                    + named(shards)
                    + (bestStep < 0
                            ? " at any step"
                            : " at step " + bestStep + ", the one most shards have")
                    + "; step "
                    + completedStep
                    + " was completed"
                    + suffix(conflicts);
        }
    }

    private static String suffix(List<Conflict> conflicts) {
        var text = new StringBuilder();
        for (Conflict conflict : conflicts) {
            text.append("; ").append(conflict.text());
        }
        return text.toString();
    }

    private static String named(List<Integer> shards) {
        var text = new StringBuilder(shards.size() == 1 ? "shard " : "shards ");
        for (int i = 0; i < shards.size(); i++) {
            text.append(i == 0 ? "" : ", ").append(shards.get(i));
        }
        return text.toString();
    }
}
