package io.coxswain.chaos.simulation.command;

import io.coxswain.launcher.CommandProvider;

/** Brings {@code coxswain swarm}. */
public final class SwarmCommandProvider implements CommandProvider {
    @Override
    public String name() {
        return "swarm";
    }

    @Override
    public Object command() {
        return new SwarmCommand();
    }
}
