package io.coxswain.coordinator.app;

import java.util.List;
import java.util.Map;

/**
 * What is known of an incident.
 *
 * @param error why nothing is, and what to do; empty: something is
 * @param incident its number; 0: the job has had none
 * @param incidentJson its phases and sources; empty without an incident
 * @param jobJson the job as submitted, without secrets
 * @param evidence of this incident, and what belongs to none
 * @param environment the coordinator's versions
 * @param agents that were part of it
 */
public record Explanation(
        String error,
        String jobId,
        int incident,
        String incidentJson,
        String jobJson,
        List<Evidence> evidence,
        Map<String, String> environment,
        List<String> agents) {
    public Explanation {
        evidence = List.copyOf(evidence);
        environment = Map.copyOf(environment);
        agents = List.copyOf(agents);
    }

    static Explanation nothing(String error) {
        return new Explanation(error, "", 0, "", "", List.of(), Map.of(), List.of());
    }
}
