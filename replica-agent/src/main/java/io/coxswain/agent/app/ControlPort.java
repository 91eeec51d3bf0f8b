package io.coxswain.agent.app;

import io.coxswain.agent.core.AgentReport;

/** The stream to the leader. Nothing here blocks or throws. */
public interface ControlPort {
    /**
     * Sends a report, or loses it when no stream is open: whoever opens the next one hears what
     * stands then.
     */
    void report(AgentReport report, long termSeen);

    /** Closes this stream and looks for the leader again. */
    void leave(String reason);
}
