package io.coxswain.coordinator.core.model;

/** How a rank of a new view comes to its state. */
public sealed interface RestoreSource {
    /** Computed from the seed; step 0 only. */
    record Init() implements RestoreSource {}

    /** The worker's live state is the target. */
    record KeepLive(StateName state, Digest digest) implements RestoreSource {}

    /** An own snapshot in the local arena; nothing crosses the network. */
    record LoadLocal(StateName state, Digest digest) implements RestoreSource {}

    /** From a donor over the data plane. A donor is never the recipient. */
    record Fetch(StateName state, Digest digest, AgentProfile donor) implements RestoreSource {}

    /** A copy that this agent already holds for another rank. */
    record PromoteCopy(StateName state, Digest digest) implements RestoreSource {}
}
