package io.coxswain.launcher.local;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.console.Texts;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Whether enough agents of a one-machine cluster are left to run its job. Before the first view
 * every agent counts, and no other will come. Later one may come for one that is lost, but would be
 * no better than one that cannot run the job.
 *
 * <p>An agent that is silent is lost to the coordinator, and comes back: on a machine that is busy
 * with loading the job it may be silent for seconds. So before the first view it is out for good
 * only when its process has ended. Safe for any thread.
 */
final class Outlook {
    /** Agents that count for nothing, and why. */
    private final Map<String, String> out = new LinkedHashMap<>();

    private final Set<String> seen = new HashSet<>();
    private final Predicate<String> lives;
    private boolean begun;

    /**
     * @param lives whether the process of that agent lives, as far as somebody here knows
     */
    Outlook(Predicate<String> lives) {
        this.lives = lives;
    }

    /** Takes an event of the coordinator. */
    synchronized void heard(CoordinatorEvent event) {
        switch (event) {
            case CoordinatorEvent.ViewActivated view -> {
                if (!begun) {
                    out.clear();
                }
                begun = true;
                out.keySet().removeAll(view.members());
            }
            case CoordinatorEvent.AgentUnfit unfit -> out.put(unfit.agent(), unfit.reason());
            case CoordinatorEvent.AgentLost lost when !begun -> {
                if (!lives.test(lost.agent())) {
                    out.put(lost.agent(), lost.cause());
                }
            }
            case CoordinatorEvent.AgentAttached arrival -> {
                seen.add(arrival.agent());
                out.remove(arrival.agent());
            }
            default -> {
                // No agent less and none more.
            }
        }
    }

    /** An agent's process ended. */
    synchronized void ended(String agent, int status) {
        if (!begun) {
            out.putIfAbsent(agent, "its process ended with status " + status);
        }
    }

    /** Whether the job has had a view. */
    synchronized boolean begun() {
        return begun;
    }

    /** Why so many ranks cannot be had; null: they can, or may yet be. */
    synchronized @Nullable String hopeless(int ranks) {
        if (seen.size() - out.size() >= ranks || out.isEmpty()) {
            return null;
        }
        Map.Entry<String, String> one = out.entrySet().iterator().next();
        return (begun ? "the job cannot go on: " : "the job cannot begin: ")
                + Texts.count(ranks, "agent")
                + " needed, "
                + out.size()
                + " of "
                + seen.size()
                + " cannot run it. "
                + one.getKey()
                + ": "
                + one.getValue();
    }
}
