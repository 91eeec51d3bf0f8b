package io.coxswain.chaos.cluster;

import io.coxswain.launcher.local.AgentProcess;

import java.util.ArrayList;
import java.util.List;

/**
 * Where agents are still to be held, as their processes know it too: a process that dies takes its
 * knowledge with it. Not thread-safe.
 */
final class Holds {
    private final List<Hold> holds = new ArrayList<>();

    /** The first coordinate of that phase at or after that step. */
    record Hold(int agent, long step, String phase) {}

    void add(int agent, long step, String phase) {
        holds.add(new Hold(agent, step, phase));
    }

    /** What the agent stands at is behind it: as it does, one hold goes, the oldest that fits. */
    void reached(int agent, AgentProcess.Reached at) {
        for (int i = 0; i < holds.size(); i++) {
            Hold hold = holds.get(i);
            if (hold.agent() == agent
                    && hold.step() <= at.step()
                    && hold.phase().equals(at.phase())) {
                holds.remove(i);
                return;
            }
        }
    }

    /** Those of the agent, in the order in which they came. */
    List<Hold> of(int agent) {
        return holds.stream().filter(hold -> hold.agent() == agent).toList();
    }
}
