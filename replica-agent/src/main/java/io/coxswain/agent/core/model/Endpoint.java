package io.coxswain.agent.core.model;

/** An address as advertised. */
public record Endpoint(String host, int port) {
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
