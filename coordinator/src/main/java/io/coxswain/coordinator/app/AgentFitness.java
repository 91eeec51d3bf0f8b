package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.AgentKey;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which agents have said that they can run the job, and which cannot, and why: for the status. */
final class AgentFitness {
    private final Set<AgentKey> ready = new HashSet<>();
    private final Map<AgentKey, String> unfit = new HashMap<>();

    /** Takes note of what the job's machine is told. */
    void heard(JobEvent event) {
        if (event instanceof JobEvent.AgentReady agentReady) {
            ready.add(agentReady.agent());
            unfit.remove(agentReady.agent());
        } else if (event instanceof JobEvent.AgentUnfit agentUnfit) {
            unfit.put(agentUnfit.agent(), agentUnfit.reason());
            ready.remove(agentUnfit.agent());
        } else if (event instanceof JobEvent.AgentLost lost) {
            ready.remove(lost.agent());
            unfit.remove(lost.agent());
        }
    }

    boolean isReady(AgentKey agent) {
        return ready.contains(agent);
    }

    boolean isUnfit(AgentKey agent) {
        return unfit.containsKey(agent);
    }

    /** Why it cannot; empty: it can, or has not said. */
    String whyUnfit(AgentKey agent) {
        return unfit.getOrDefault(agent, "");
    }
}
