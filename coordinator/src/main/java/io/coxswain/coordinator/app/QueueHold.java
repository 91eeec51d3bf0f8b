package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.FoundJob;
import io.coxswain.coordinator.core.pause.PauseState.Stage;

/**
 * Whether a job that waits in the queue may start. One that somebody paused keeps its place and is
 * passed over; the record of that is the one by which a running job stands. Owned by the decision
 * loop.
 */
final class QueueHold {
    private boolean wanted;
    private boolean durable;
    private String reason = "";

    /** Of the newest record that was asked for, and of the newest that is durable. */
    private long serial;

    private long durableSerial;

    /** As another leader left it. */
    void inherit(FoundJob.Pause pause) {
        wanted = pause.paused();
        durable = wanted;
        reason = wanted ? pause.reason() : "";
    }

    /** Somebody wants it; false if it is so already. */
    boolean want(boolean hold, String why) {
        if (wanted == hold) {
            return false;
        }
        wanted = hold;
        reason = hold ? why : "";
        serial++;
        return true;
    }

    /** Of the newest record. */
    long serial() {
        return serial;
    }

    /** That record is durable; true if what it says is news. */
    boolean recorded(long of) {
        durableSerial = Math.max(durableSerial, of);
        if (durableSerial < serial || durable == wanted) {
            return false;
        }
        durable = wanted;
        return true;
    }

    /** It may not start: somebody wants it to wait, or the word that it may is not durable yet. */
    boolean holds() {
        return stage() != Stage.NONE;
    }

    /** As of a running job. */
    Stage stage() {
        boolean pending = durableSerial < serial;
        if (wanted) {
            return pending ? Stage.RECORDING : Stage.STANDING;
        }
        return pending ? Stage.RESUMING : Stage.NONE;
    }

    /** In the words of who asked; empty: nobody. */
    String reason() {
        return reason;
    }
}
