package io.coxswain.chaos.scenario;

import java.util.List;

/** Whom a fault hits; resolved when it fires. */
public sealed interface Target {
    /** In words. */
    String text();

    /** Agents by index, 0-based. */
    record Agents(List<Integer> indices) implements Target {
        public Agents {
            indices = List.copyOf(indices);
            if (indices.isEmpty()) {
                throw new IllegalArgumentException("no agent is named");
            }
            for (int index : indices) {
                if (index < 0) {
                    throw new IllegalArgumentException("agent " + index + ": agents count from 0");
                }
            }
        }

        @Override
        public String text() {
            return (indices.size() == 1 ? "agent " : "agents ")
                    + String.join(", ", indices.stream().map(String::valueOf).toList());
        }
    }

    /** The agents of one failure domain, counted from 0. */
    record Rack(int number) implements Target {
        @Override
        public String text() {
            return "rack " + number;
        }
    }

    /** Whoever plays that part then. */
    record Role(Kind kind) implements Target {
        @Override
        public String text() {
            return switch (kind) {
                case RANDOM_AGENT -> "a random agent";
                case DONOR -> "the donor";
                case RECIPIENT -> "the recipient";
                case SPARE -> "a spare";
            };
        }
    }

    /** Parts that agents play. */
    enum Kind {
        /** Any living one that no fault has got hold of. */
        RANDOM_AGENT,
        /** Whose memory the state comes from in the recovery under way; else any other member. */
        DONOR,
        /** Who receives state in the recovery under way; else any member. */
        RECIPIENT,
        /** A living agent without a rank. */
        SPARE
    }

    /** The coordinator. */
    record Coordinator() implements Target {
        @Override
        public String text() {
            return "the coordinator";
        }
    }

    /** The ZooKeeper server; all servers of an ensemble. */
    record ZooKeeper() implements Target {
        @Override
        public String text() {
            return "ZooKeeper";
        }
    }

    /** ZooKeeper servers by index, 0-based. */
    record ZooKeepers(List<Integer> indices) implements Target {
        public ZooKeepers {
            indices = List.copyOf(indices);
            if (indices.isEmpty()) {
                throw new IllegalArgumentException("no ZooKeeper server is named");
            }
            for (int index : indices) {
                if (index < 0) {
                    throw new IllegalArgumentException(
                            "zookeeper " + index + ": servers count from 0");
                }
            }
        }

        @Override
        public String text() {
            return (indices.size() == 1 ? "zookeeper " : "zookeepers ")
                    + String.join(", ", indices.stream().map(String::valueOf).toList());
        }
    }

    /** The server that leads the ensemble when the fault comes. */
    record ZooKeeperLeader() implements Target {
        @Override
        public String text() {
            return "the ZooKeeper leader";
        }
    }
}
