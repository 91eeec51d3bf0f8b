package io.coxswain.agent.core.model;

/** Another agent and where its data plane is reached. */
public record Peer(AgentKey key, Endpoint endpoint) {}
