package io.coxswain.chaos.command;

import io.coxswain.launcher.CommandProvider;

/** Brings {@code coxswain chaos}. */
public final class ChaosProvider implements CommandProvider {
    @Override
    public String name() {
        return "chaos";
    }

    @Override
    public Object command() {
        return new ChaosCommand();
    }
}
