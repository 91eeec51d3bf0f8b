package io.coxswain.chaos.planning.failure;

import java.util.Locale;

/** What one failure takes, and so what its target's number counts. */
public enum Scope {
    /** An agent's host with its memory; the target is a machine. */
    AGENT,
    /** The worker process alone: agent and arena live; the target is a machine. */
    WORKER,
    /** As {@link #WORKER}, but nothing breaks: it is found by its silence. */
    HANG,
    /** The machine computes wrong results, silently, until an audit finds it. */
    CORRUPTION,
    /** All machines of a rack, with their memory. */
    RACK,
    /** All machines under a switch: out of reach, their memory lives on. */
    SWITCH,
    /** All machines of a power domain, with their memory. */
    POWER;

    /** The word in traces and reports. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** True if the agents' arenas are still there when the machines come back. */
    public boolean memorySurvives() {
        return switch (this) {
            case SWITCH -> true;
            case AGENT, WORKER, HANG, CORRUPTION, RACK, POWER -> false;
        };
    }
}
