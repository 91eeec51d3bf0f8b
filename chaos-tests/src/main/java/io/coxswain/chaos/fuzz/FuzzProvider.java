package io.coxswain.chaos.fuzz;

import io.coxswain.launcher.CommandProvider;

/** Brings {@code coxswain fuzz}. */
public final class FuzzProvider implements CommandProvider {
    @Override
    public String name() {
        return "fuzz";
    }

    @Override
    public Object command() {
        return new FuzzCommand();
    }
}
