package io.coxswain.launcher.bench;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.local.AgentProcess;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.LocalCluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Everything that a coordinator told, each with the instant at which it arrived in this process.
 * Thread-safe.
 */
final class EventTape implements LocalCluster.Listener {
    /**
     * An event on the tape.
     *
     * @param at its place
     * @param nanos monotonic
     */
    record Heard<E extends CoordinatorEvent>(int at, long nanos, E event) {}

    private final List<Heard<CoordinatorEvent>> tape = new ArrayList<>();
    private String broken = "";

    @Override
    public synchronized void on(SequencedEvent event) {
        tape.add(new Heard<>(tape.size(), System.nanoTime(), event.event()));
        if (event.event() instanceof CoordinatorEvent.JobFinished finished
                && !finished.completed()) {
            broken = "the job ended: " + finished.reason();
        }
        notifyAll();
    }

    @Override
    public void agentsUp(int up) {}

    @Override
    public void injected(FaultSpec fault) {}

    @Override
    public synchronized void agentEnded(AgentProcess agent, int status) {
        broken =
                agent.agentId()
                        + " ended with status "
                        + status
                        + ", which nobody asked for; its log: "
                        + agent.log();
        notifyAll();
    }

    @Override
    public void agentsNeeded(int more, String command) {
        // The bench starts who was killed again by itself.
    }

    @Override
    public synchronized void broken(Throwable bug) {
        broken = "the coordinator stopped on a bug of its own: " + bug;
        notifyAll();
    }

    /** Where the next event will be. */
    synchronized int mark() {
        return tape.size();
    }

    /** The events of that kind from {@code mark} on. */
    synchronized <E extends CoordinatorEvent> List<Heard<E>> since(int mark, Class<E> kind) {
        var found = new ArrayList<Heard<E>>();
        for (Heard<CoordinatorEvent> heard : tape.subList(mark, tape.size())) {
            if (kind.isInstance(heard.event())) {
                found.add(new Heard<>(heard.at(), heard.nanos(), kind.cast(heard.event())));
            }
        }
        return found;
    }

    /**
     * Waits for the first event of that kind, at {@code mark} or later, that fits.
     *
     * @param what is waited for, for the message
     * @throws EnvironmentException when it does not come, or cannot come any more
     */
    synchronized <E extends CoordinatorEvent> Heard<E> await(
            int mark, Class<E> kind, Predicate<E> fits, String what, long limitMillis)
            throws EnvironmentException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        int next = mark;
        while (true) {
            for (; next < tape.size(); next++) {
                Heard<CoordinatorEvent> heard = tape.get(next);
                if (kind.isInstance(heard.event()) && fits.test(kind.cast(heard.event()))) {
                    return new Heard<>(heard.at(), heard.nanos(), kind.cast(heard.event()));
                }
            }
            if (!broken.isEmpty()) {
                throw new EnvironmentException("while waiting for " + what + ": " + broken);
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                List<Heard<E>> others = since(mark, kind);
                throw new EnvironmentException(
                        "waited "
                                + limitMillis
                                + " ms in vain for "
                                + what
                                + (others.isEmpty()
                                        ? ""
                                        : "; the last word was " + others.getLast().event()));
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }
}
