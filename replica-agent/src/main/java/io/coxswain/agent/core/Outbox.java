package io.coxswain.agent.core;

import java.util.ArrayList;
import java.util.List;

/** Effects of the event at hand, in order. */
final class Outbox {
    private List<AgentEffect> effects = new ArrayList<>();

    void add(AgentEffect effect) {
        effects.add(effect);
    }

    void report(AgentReport report) {
        effects.add(new AgentEffect.Report(report));
    }

    List<AgentEffect> drain() {
        if (effects.isEmpty()) {
            return List.of();
        }
        List<AgentEffect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
