package io.coxswain.coordinator;

/** What became of the wish that a job stands, or goes on. */
public sealed interface PauseOutcome {
    /**
     * No step is made, and whoever leads next keeps it so.
     *
     * @param step the newest completed one
     * @param already it stood before, or somebody had asked before
     */
    record Paused(String jobId, long step, boolean already) implements PauseOutcome {}

    /**
     * It makes steps, or will as soon as it can.
     *
     * @param already nobody had paused it
     */
    record Resumed(String jobId, long step, boolean already) implements PauseOutcome {}

    record Refused(String reason) implements PauseOutcome {}
}
