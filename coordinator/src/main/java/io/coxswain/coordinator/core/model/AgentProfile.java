package io.coxswain.coordinator.core.model;

/** What an attached agent says of itself. */
public record AgentProfile(
        AgentKey key, DataEndpoint dataEndpoint, FailureDomain domain, long arenaBudgetBytes) {}
