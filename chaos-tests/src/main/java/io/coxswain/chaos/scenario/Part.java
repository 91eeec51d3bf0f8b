package io.coxswain.chaos.scenario;

/** What of a victim a fault hits. */
public enum Part {
    /** Agent, worker and shared memory: the machine. Of a service: its process. */
    HOST,
    /** The agent's process alone; its memory stays. */
    AGENT,
    /** The worker alone. */
    WORKER
}
