package io.coxswain.coordinator.app;

/** The hold on leadership. Does not block or throw. */
public interface LeadershipPort {
    /** Gives leadership up, and stands for election again. */
    void resign(String reason);

    /**
     * Asks the store whether the term is this leader's still, as of a time after this call; whoever
     * answers must not have missed what a majority knows. Answered by {@link
     * CoordinatorInput.TermAnswered} with that number, or never.
     */
    void askTerm(long question);
}
