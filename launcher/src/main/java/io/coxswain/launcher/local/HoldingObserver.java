package io.coxswain.launcher.local;

import io.coxswain.agent.AgentObserver;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * Stops the agent's loop at the coordinates that the launcher asked for, until it is released: so a
 * death comes exactly there.
 */
final class HoldingObserver implements AgentObserver {
    private record Hold(long step, String phase) {}

    private final Consumer<String> lines;
    private final List<Hold> holds = new ArrayList<>();
    private final Semaphore released = new Semaphore(0);
    // Most steps of most runs hold nowhere: one volatile read then.
    private volatile boolean any;

    /**
     * @param lines takes a line for the launcher
     */
    HoldingObserver(Consumer<String> lines) {
        this.lines = lines;
    }

    @Override
    public void reached(Coordinate coordinate) {
        if (!any || !take(coordinate)) {
            return;
        }
        lines.accept(
                AgentLines.reached(
                        coordinate.step(), coordinate.phase().name().toLowerCase(Locale.ROOT)));
        released.acquireUninterruptibly();
    }

    private synchronized boolean take(Coordinate coordinate) {
        for (Iterator<Hold> it = holds.iterator(); it.hasNext(); ) {
            Hold hold = it.next();
            if (hold.step() <= coordinate.step()
                    && hold.phase().equals(coordinate.phase().name().toLowerCase(Locale.ROOT))) {
                it.remove();
                any = !holds.isEmpty();
                released.drainPermits();
                return true;
            }
        }
        return false;
    }

    synchronized void hold(long step, String phase) {
        holds.add(new Hold(step, phase));
        any = true;
    }

    void release() {
        released.release();
    }

    /** The launcher is gone: nothing holds any more. */
    synchronized void releaseAll() {
        holds.clear();
        any = false;
        released.release();
    }
}
