package io.coxswain.coordinator.app;

/** The hold on leadership. Does not block or throw. */
public interface LeadershipPort {
    /** Gives leadership up, and stands for election again. */
    void resign(String reason);
}
