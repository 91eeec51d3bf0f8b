package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.FoundJob;
import io.coxswain.coordinator.core.pause.PauseState.Stage;
import io.coxswain.coordinator.core.pause.PauseWish;

/**
 * Whether a job that waits in the queue may start. One that somebody paused keeps its place and is
 * passed over; the record of that is the one by which a running job stands. Owned by the decision
 * loop.
 */
final class QueueHold extends PauseWish {
    /** As another leader left it. */
    void inherit(FoundJob.Pause pause) {
        inherit(pause.paused(), pause.reason());
    }

    /** It may not start: somebody wants it to wait, or the word that it may is not durable yet. */
    boolean holds() {
        return stage() != Stage.NONE;
    }

    /** As of a running job that makes no steps. */
    Stage stage() {
        return stage(true);
    }
}
