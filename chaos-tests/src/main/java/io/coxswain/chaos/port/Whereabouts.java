package io.coxswain.chaos.port;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** Tells ports where agents are, freshly asked of the coordinator. Thread-safe. */
public interface Whereabouts {
    /**
     * Where that agent is now, so that it can be hurt.
     *
     * @throws IOException if it must not be: its job is over or lacks the label, it is not
     *     attached, or the coordinator does not answer
     */
    AgentSite victim(String agent) throws IOException;

    /** Where the coordinator sees it now; null if it does not. */
    @Nullable AgentSite seen(String agent) throws IOException;
}
