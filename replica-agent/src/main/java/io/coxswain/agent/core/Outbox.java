package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Progress;

import org.jspecify.annotations.Nullable;

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

    /** Steps that were made and not told yet; null: there are none. */
    void steps(@Nullable Progress made) {
        if (made != null) {
            report(new AgentReport.StepsDone(made));
        }
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
