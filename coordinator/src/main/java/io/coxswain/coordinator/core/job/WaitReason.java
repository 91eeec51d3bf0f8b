package io.coxswain.coordinator.core.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    /** Why an agent could not take up a view, in its own words. */
    record Failure(String agent, String reason) {}

    /** Agents that failed to take up a view are tried again after a pause. */
    record AgentsFailing(List<Failure> failures, String why) implements WaitReason {
        public AgentsFailing {
            failures = List.copyOf(failures);
        }

        @Override
        public String text() {
            var byReason = new LinkedHashMap<String, List<String>>();
            for (Failure failure : failures) {
                byReason.computeIfAbsent(failure.reason(), _ -> new ArrayList<>())
                        .add(failure.agent());
            }
            return "agents "
                    + some(failures.stream().map(Failure::agent).toList())
                    + " failed and are tried again soon: "
                    + grouped(byReason)
                    + "; "
                    + why;
        }
    }

    /** A member could not take up a view; another one is being planned. */
    record ViewFailed(String agent, long epoch, String reason, int attempts) implements WaitReason {
        @Override
        public String text() {
            return "agent "
                    + agent
                    + " could not take up epoch "
                    + epoch
                    + ": "
                    + reason
                    + (attempts > 1 ? " (" + attempts + " attempts failed so)" : "");
        }
    }

    /** The first few of many names. */
    static String some(List<String> names) {
        int more = names.size() - 5;
        return String.join(", ", names.subList(0, Math.min(5, names.size())))
                + (more > 0 ? " and " + more + " more" : "");
    }

    /** Reasons with the agents that gave them: the first few, for a line. */
    static String grouped(Map<String, List<String>> byReason) {
        var text = new StringBuilder();
        int shown = 0;
        for (var entry : byReason.entrySet()) {
            if (shown == 3) {
                return text.append("; and ")
                        .append(byReason.size() - shown)
                        .append(" other reasons")
                        .toString();
            }
            text.append(shown++ == 0 ? "" : "; ");
            if (byReason.size() > 1) {
                text.append(some(entry.getValue())).append(": ");
            }
            text.append(entry.getKey());
        }
        return text.toString();
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
