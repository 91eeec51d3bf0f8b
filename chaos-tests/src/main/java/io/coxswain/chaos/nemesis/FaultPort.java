package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.WordEffect;

import java.io.IOException;

/**
 * How faults reach the parts of a cluster: as signals to local processes, over ssh, by kubectl, or
 * as somebody's own cluster needs it ({@code io.coxswain.chaos.port}). Calls come one at a time and
 * may block for as long as a process needs to die. What a port cannot do it refuses with {@link
 * UnsupportedOperationException}; a scenario that asks for it fails.
 */
public interface FaultPort {
    /** Undoes what was done; safe to repeat. */
    @FunctionalInterface
    interface Cure {
        void heal() throws IOException;
    }

    /**
     * SIGKILL; returns when the signals are sent. Of a host its memory goes too, soon after.
     *
     * @return the monotonic nanosecond at which the signal was sent
     */
    long kill(Victim victim) throws IOException;

    /** SIGSTOP. */
    void pause(Victim victim) throws IOException;

    /** SIGCONT; nothing for what is gone. */
    void resume(Victim victim) throws IOException;

    /** SIGTERM. */
    void terminate(Victim victim) throws IOException;

    /** Starts again what is dead, under its old name; nothing for what lives. */
    void startAgain(String party) throws IOException;

    /** Begins to do something to connections. */
    default Cure impair(Impairment impairment) throws IOException {
        throw new UnsupportedOperationException("there is no proxy before the planes here");
    }

    /** From now on whatever the victim writes to files fails for want of room. */
    default Cure fillDisk(Victim victim) throws IOException {
        throw new UnsupportedOperationException("disks cannot be filled here");
    }

    /** SIGABRT of the worker. */
    default void abort(Victim victim) throws IOException {
        throw new UnsupportedOperationException("nobody can be made to abort here");
    }

    /** From now on the victim gets no more memory than it has. */
    default Cure limitMemory(Victim victim) throws IOException {
        throw new UnsupportedOperationException("memory cannot be limited here");
    }

    /**
     * Lets the coordinator stand still and starts another.
     *
     * @return what wakes it, waits until it knows that it leads no longer, and looks at what it did
     */
    default Cure usurp() throws IOException {
        throw new UnsupportedOperationException("no second coordinator can be started here");
    }

    /** Cancels the job, asking again until a coordinator answers. Blocks for so long. */
    default void cancelJob() throws IOException {
        throw new UnsupportedOperationException("a job is cancelled by its owner here");
    }

    /** Begins to do something to words between the agent and its leader. */
    default Cure disturbWords(String party, WordEffect effect) throws IOException {
        throw new UnsupportedOperationException("nothing stands between agents and leader here");
    }

    /** Ends the party's ZooKeeper session from outside. */
    default void expireSession(String party) throws IOException {
        throw new UnsupportedOperationException("sessions cannot be expired here");
    }

    /**
     * Flips one bit in each committed state of that kind in the party's shared memory.
     *
     * @return how many states were hit
     */
    default int flipBits(String party, Fault.Memory memory) throws IOException {
        throw new UnsupportedOperationException("shared memory cannot be reached here");
    }

    /** Whether {@link #startAgain} starts anything; false where somebody else does. */
    default boolean startsAgain() {
        return true;
    }

    /**
     * Why that fault cannot be brought about through this port; empty if it can. On a cluster of
     * somebody else it is asked before anything is hurt. A port that overrides one of the methods
     * above that refuse overrides this one too.
     */
    default String refusal(Fault fault) {
        return switch (fault) {
            case Fault.Kill _,
                    Fault.Pause _,
                    Fault.Terminate _,
                    Fault.Starve _,
                    Fault.CrashLoop _ ->
                    "";
            case Fault.Link _ -> "there is no proxy before the planes here";
            case Fault.FillDisk _ -> "disks cannot be filled here";
            case Fault.ExpireSession _ -> "sessions cannot be expired here";
            case Fault.FlipBit _ -> "shared memory cannot be reached here";
            case Fault.Abort _ -> "workers cannot be made to abort here";
            case Fault.LimitMemory _ -> "memory cannot be limited here";
            case Fault.Usurp _ -> "no second coordinator can be started here";
            case Fault.CancelJob _ -> "a job is cancelled by its owner here";
            case Fault.Words _ ->
                    "agents are not started here, so nobody stands between their words";
        };
    }

    /**
     * What a deed would be, in words, for a dry run; nothing is done.
     *
     * @throws IOException if it would fail
     */
    default String plan(Deed deed, Victim victim) throws IOException {
        return deed + " " + victim;
    }
}
