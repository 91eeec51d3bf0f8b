package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What an agent showed.
 *
 * @param error why there is nothing, and what to do; empty: there is something
 * @param agentId empty: nobody was found
 * @param rank -1: none
 * @param host the agent's machine; empty: unknown
 * @param place the folder there in which its workers' output lies; empty: unknown
 * @param next where the rest of a log begins
 */
public record Looked(
        String error,
        String agentId,
        int rank,
        String host,
        String place,
        List<EvidencePiece> pieces,
        ProgramWord.@Nullable LogPlace next,
        long skippedBytes) {
    public Looked {
        pieces = List.copyOf(pieces);
    }

    static Looked nothing(String error) {
        return new Looked(error, "", -1, "", "", List.of(), null, 0);
    }
}
