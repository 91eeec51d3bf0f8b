package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Part;

/**
 * Something that a fault hits.
 *
 * @param party an agent's id, {@link #COORDINATOR}, {@link #ZOOKEEPER}, or that with the number of
 *     one of several servers
 */
public record Victim(Part part, String party) {
    public static final String COORDINATOR = "coordinator";
    public static final String ZOOKEEPER = "zookeeper";

    @Override
    public String toString() {
        return switch (part) {
            case HOST -> party;
            case AGENT -> "the agent process of " + party;
            case WORKER -> "the worker of " + party;
        };
    }
}
