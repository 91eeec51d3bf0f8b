package io.coxswain.chaos.nemesis;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/** What a cluster tells of itself while a scenario is played. */
public sealed interface Happening {
    /** An agent stands at a coordinate that it was told to hold at, until it is released. */
    record Reached(int agent, long step, String phase) implements Happening {}

    /**
     * The coordinator told something.
     *
     * @param nanos monotonic, when it arrived in this process
     * @param sequence of that coordinator's process
     * @param jobId empty where it is of no job
     * @param step newest completed one
     */
    record Told(long nanos, long sequence, String jobId, long step, CoordinatorEvent event)
            implements Happening {}

    /** A process ended that nobody killed. */
    record Ended(String party, int status) implements Happening {}
}
