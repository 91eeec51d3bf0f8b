package io.coxswain.coordinator;

/** What became of a word about an agent that is to be taken out of service or put back. */
public sealed interface MaintenanceOutcome {
    /** It stands, and is durable: how the agent is now. */
    record Accepted(CoordinatorStatus.Maintenance agent) implements MaintenanceOutcome {}

    /** It does not; the text says why and what to do. */
    record Refused(String reason) implements MaintenanceOutcome {}
}
