package io.coxswain.coordinator.core.model;

/** Where an agent's data plane is reached, as advertised. */
public record DataEndpoint(String host, int port) {}
