package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/** What a user's program says, and what is told of it. Nothing is decided by these words. */
public sealed interface ProgramWord {
    /** What the program of one rank measured: the newest of each name. */
    record Measured(String jobId, long step, Map<String, Double> values) implements ProgramWord {
        public Measured {
            values = Map.copyOf(values);
        }
    }

    /**
     * A part of a state was left in the job's folder, or could not be.
     *
     * @param reason why not; empty: it was
     */
    record Exported(String jobId, long step, String path, String reason) implements ProgramWord {}

    /**
     * Taken when a worker failed, or before it was killed for a hang.
     *
     * @param step that was being made; 0: none
     */
    record Witnessed(String jobId, long step, String reason, List<EvidencePiece> pieces)
            implements ProgramWord {
        public Witnessed {
            pieces = List.copyOf(pieces);
        }
    }

    /**
     * An answer to {@link AgentsPort#ask}.
     *
     * @param error why there is none; empty: there is one
     * @param next where the rest of a log begins; null where no log was asked for
     */
    record Answered(
            long question,
            String error,
            List<EvidencePiece> pieces,
            @Nullable LogPlace next,
            long skippedBytes)
            implements ProgramWord {
        public Answered {
            pieces = List.copyOf(pieces);
        }
    }

    /** A place in the output of an agent's workers. */
    record LogPlace(long worker, long offset) {}
}
