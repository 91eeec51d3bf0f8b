package io.coxswain.coordinator.core.pause;

import io.coxswain.coordinator.core.pause.PauseState.Stage;

/**
 * Whether somebody wants a job paused, and how far the record of that is. What is wanted counts for
 * the job once its record is durable. Each record has a serial number: its answer may come after
 * another was asked for.
 */
public class PauseWish {
    private boolean wanted;
    private boolean durable;
    private String reason = "";

    /** Of the newest record that was asked for, and of the newest that is durable. */
    private long serial;

    private long durableSerial;

    /** As another leader left it. */
    public final void inherit(boolean paused, String why) {
        wanted = paused;
        durable = paused;
        reason = paused ? why : "";
    }

    /** Somebody wants it; false if it is so already, and no record is needed. */
    public final boolean want(boolean paused, String why) {
        if (wanted == paused) {
            return false;
        }
        wanted = paused;
        if (paused) {
            reason = why;
        }
        serial++;
        return true;
    }

    /** Of the newest record that was asked for. */
    public final long serial() {
        return serial;
    }

    /** That record is durable; true if what it says is news. */
    public final boolean recorded(long of) {
        durableSerial = Math.max(durableSerial, of);
        if (durableSerial < serial || durable == wanted) {
            return false;
        }
        durable = wanted;
        if (!wanted) {
            reason = "";
        }
        return true;
    }

    /** It is wanted, whether or not the record of that is durable. */
    public final boolean wanted() {
        return wanted;
    }

    /** The pause counts. */
    public final boolean counts() {
        return durable;
    }

    /** In the words of who asked for the pause that counts or is to; empty: nobody. */
    public final String reason() {
        return reason;
    }

    /** How far it is, given whether no step is made. */
    public final Stage stage(boolean stands) {
        boolean pending = durableSerial < serial;
        if (!wanted) {
            return durable || pending ? Stage.RESUMING : Stage.NONE;
        }
        if (!durable || pending) {
            return Stage.RECORDING;
        }
        return stands ? Stage.STANDING : Stage.STOPPING;
    }
}
