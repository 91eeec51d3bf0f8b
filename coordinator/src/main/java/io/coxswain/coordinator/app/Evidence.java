package io.coxswain.coordinator.app;

import java.util.List;

/**
 * What an agent kept of a failure.
 *
 * @param incident to which it belongs; 0: none
 * @param rank of the agent when it came; -1: none
 * @param step that was being made; 0: none
 */
public record Evidence(
        int incident,
        String agentId,
        int rank,
        long step,
        String reason,
        long atNanos,
        List<EvidencePiece> pieces) {
    public Evidence {
        pieces = List.copyOf(pieces);
    }

    Evidence of(int number) {
        return new Evidence(number, agentId, rank, step, reason, atNanos, pieces);
    }

    long bytes() {
        return pieces.stream().mapToLong(EvidencePiece::length).sum();
    }
}
