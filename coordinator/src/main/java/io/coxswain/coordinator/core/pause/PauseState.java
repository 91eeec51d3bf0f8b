package io.coxswain.coordinator.core.pause;

/**
 * Whether a job is to make steps, as its machine has it.
 *
 * @param stage how far the pause is
 * @param reason in the words of who asked; empty: nobody asked
 * @param sinceNanos when the stage began, in the owner's time; 0: nobody ever asked
 */
public record PauseState(Stage stage, String reason, long sinceNanos) {
    /** How far a pause is. */
    public enum Stage {
        /** Nobody asked for one. */
        NONE,
        /** It was asked for; the record of that is not durable yet. */
        RECORDING,
        /** It is durable; ranks still make steps, to where all can stop. */
        STOPPING,
        /** No step is made: all ranks stand at one step, or no view is active. */
        STANDING,
        /** It is to end; the record of that is not durable yet. */
        RESUMING
    }

    /** Nobody asked. */
    public static final PauseState NONE = new PauseState(Stage.NONE, "", 0);

    /** No step is made, and whoever leads next keeps it so. */
    public boolean isStanding() {
        return stage == Stage.STANDING;
    }
}
