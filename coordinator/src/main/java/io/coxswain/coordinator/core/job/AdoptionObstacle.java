package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.AgentKey;

import java.util.LinkedHashMap;
import java.util.List;

/**
 * Why a new leader cannot go on with the view that it found, and begins a new epoch from the
 * inventories. Data, rendered late.
 */
public sealed interface AdoptionObstacle {
    /** For a log, an incident, a page. */
    String text();

    /** Of which agent it tells; empty: of none. */
    String agent();

    /** The view was not active: members were being brought to its base. */
    record ViewUnfinished(long epoch) implements AdoptionObstacle {
        @Override
        public String text() {
            return "epoch " + epoch + " was being prepared: it is abandoned";
        }

        @Override
        public String agent() {
            return "";
        }
    }

    /** A member did not attach. */
    record MemberMissing(int rank, String agent, long waitedNanos) implements AdoptionObstacle {
        @Override
        public String text() {
            return "agent "
                    + agent
                    + ", rank "
                    + rank
                    + ", did not attach within "
                    + waitedNanos / 1_000_000
                    + " ms";
        }
    }

    /** Another process of that name attached: what the member held is gone. */
    record MemberRestarted(int rank, AgentKey was, AgentKey is) implements AdoptionObstacle {
        @Override
        public String text() {
            return "rank "
                    + rank
                    + " belongs to "
                    + was
                    + ", and agent "
                    + is.id()
                    + " is another process now";
        }

        @Override
        public String agent() {
            return is.id();
        }
    }

    /** It was fenced: the leader before had begun a recovery. */
    record MemberFenced(int rank, String agent, long promisedEpoch, long epoch)
            implements AdoptionObstacle {
        @Override
        public String text() {
            return "agent "
                    + agent
                    + ", rank "
                    + rank
                    + ", has promised epoch "
                    + promisedEpoch
                    + " and left epoch "
                    + epoch;
        }
    }

    record WorkerGone(int rank, String agent) implements AdoptionObstacle {
        @Override
        public String text() {
            return "the worker of agent " + agent + ", rank " + rank + ", is gone";
        }
    }

    /** It does not stand in that view with that rank. */
    record NotInView(int rank, String agent, long epoch) implements AdoptionObstacle {
        @Override
        public String text() {
            return "agent " + agent + " does not stand in epoch " + epoch + " with rank " + rank;
        }
    }

    /** The runtime's group was being formed through a key-value store that went with its leader. */
    record GroupForming(long epoch) implements AdoptionObstacle {
        @Override
        public String text() {
            return "the ranks of epoch "
                    + epoch
                    + " were forming their group, by words that the leader before kept";
        }

        @Override
        public String agent() {
            return "";
        }
    }

    /** Several in one line: the first few of a kind, the others counted. */
    static String texts(List<AdoptionObstacle> obstacles) {
        var text = new StringBuilder();
        var seen = new LinkedHashMap<Class<?>, Integer>();
        for (AdoptionObstacle obstacle : obstacles) {
            if (seen.merge(obstacle.getClass(), 1, Integer::sum) <= 3) {
                text.append(text.isEmpty() ? "" : "; ").append(obstacle.text());
            }
        }
        int more = seen.values().stream().mapToInt(count -> Math.max(0, count - 3)).sum();
        return more == 0 ? text.toString() : text + "; and " + more + " more";
    }
}
