package io.coxswain.chaos.planning;

import io.coxswain.launcher.CommandProvider;

/** Brings {@code coxswain simulate}. */
public final class SimulateProvider implements CommandProvider {
    @Override
    public String name() {
        return "simulate";
    }

    @Override
    public Object command() {
        return new SimulateCommand();
    }
}
