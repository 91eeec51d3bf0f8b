package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

/** What an operator may ask of an agent. Changes nothing. */
public sealed interface AgentQuestion {
    /**
     * The end of what the workers printed.
     *
     * @param lines the last so many; 0: the agent's default
     * @param after instead: what came after that place
     */
    record Log(int lines, ProgramWord.@Nullable LogPlace after) implements AgentQuestion {}

    /** What the worker's processes are doing. */
    record Stacks() implements AgentQuestion {}
}
