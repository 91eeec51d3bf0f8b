package io.coxswain.coordinator.core.job;

import java.util.List;

/**
 * What a job that makes no steps waits for. Rendered late: the same value feeds the log, the event
 * and the page.
 */
public sealed interface WaitReason {
    /** For a person. */
    String text();

    /** Enough agents are attached; their workers still load the program. */
    record WorkersLoading(int ready, int needed) implements WaitReason {
        @Override
        public String text() {
            return ready
                    + " of "
                    + needed
                    + " agents are ready; the others are loading the program";
        }
    }

    /** Too few agents. */
    record AgentsMissing(int missing, String why) implements WaitReason {
        @Override
        public String text() {
            return missing
                    + (missing == 1 ? " more agent is" : " more agents are")
                    + " needed: "
                    + why;
        }
    }

    /** The first view would not be protected as asked; further agents may change that. */
    record Unprotected(String refusal) implements WaitReason {
        @Override
        public String text() {
            return "not protected as asked with the agents that are ready: " + refusal;
        }
    }

    /** Agents that failed to take up a view are tried again after a pause. */
    record AgentsFailing(List<String> agents, String why) implements WaitReason {
        public AgentsFailing {
            agents = List.copyOf(agents);
        }

        @Override
        public String text() {
            return "agents "
                    + String.join(", ", agents)
                    + " failed and are tried again soon: "
                    + why;
        }
    }

    /** Members' workers restart and keep their ranks. */
    record WorkersRestarting(List<String> agents) implements WaitReason {
        public WorkersRestarting {
            agents = List.copyOf(agents);
        }

        @Override
        public String text() {
            return "the worker of " + String.join(", ", agents) + " is restarting";
        }
    }

    /** Shards without an instance. */
    record ShardsLost(List<Integer> shards, String why) implements WaitReason {
        public ShardsLost {
            shards = List.copyOf(shards);
        }

        @Override
        public String text() {
            return "no instance of shard "
                    + String.join(", ", shards.stream().map(String::valueOf).toList())
                    + " is attached: "
                    + why;
        }
    }
}
