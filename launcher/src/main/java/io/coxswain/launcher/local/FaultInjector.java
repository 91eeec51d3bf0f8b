package io.coxswain.launcher.local;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * Kills at logical coordinates. A ranked agent holds at its step and phase until the signal
 * arrives, so the coordinate is exact; those that are to die at the same coordinate die at once. An
 * agent without a rank dies when the job completes that step. Thread-safe; blocks its caller while
 * processes die.
 */
public final class FaultInjector {
    /** How long the first of several agents waits for the others that are to die with it. */
    private static final long TOGETHER_MILLIS = 500;

    /**
     * How long an agent that restores is kept while the news of which recovery this is comes in.
     */
    private static final long NEWS_MILLIS = 100;

    private static final String RESTORE = "restore";

    private final List<AgentProcess> agents;
    private final List<FaultSpec> pending;
    private final List<FaultSpec> arrived = new ArrayList<>();
    private final BiConsumer<FaultSpec, Long> onInjected;
    private Set<String> members = Set.of();

    /**
     * @param agents by index
     * @param onInjected told of each fault and the monotonic nanosecond at which its signal was
     *     sent
     */
    public FaultInjector(
            List<AgentProcess> agents,
            List<FaultSpec> faults,
            BiConsumer<FaultSpec, Long> onInjected) {
        this.agents = List.copyOf(agents);
        this.pending = new ArrayList<>(faults);
        this.onInjected = onInjected;
        for (FaultSpec fault : faults) {
            if (fault.agent() >= agents.size()) {
                throw new IllegalArgumentException(
                        "fault "
                                + fault
                                + " names agent "
                                + fault.agent()
                                + "; this cluster has agents 0 to "
                                + (agents.size() - 1));
            }
        }
        for (FaultSpec fault : faults) {
            hold(fault);
        }
    }

    private void hold(FaultSpec fault) {
        // A restore from step 0 on is no recovery: the state was made, not lost.
        agents.get(fault.agent())
                .order(
                        fault.recovery() > 0
                                ? AgentLines.hold(1, RESTORE)
                                : AgentLines.hold(fault.step(), fault.phase()));
    }

    /** An agent stopped at a coordinate and waits. */
    public void reached(int agent, AgentProcess.Reached coordinate) {
        if (coordinate.phase().equals(RESTORE)) {
            later(NEWS_MILLIS, () -> releaseRestore(agent));
            return;
        }
        List<FaultSpec> due;
        synchronized (this) {
            FaultSpec first = null;
            for (FaultSpec fault : pending) {
                if (fault.agent() == agent
                        && fault.step() > 0
                        && fault.step() <= coordinate.step()
                        && fault.phase().equals(coordinate.phase())) {
                    first = fault;
                    break;
                }
            }
            if (first == null) {
                agents.get(agent).order(AgentLines.RELEASE);
                return;
            }
            arrived.add(first);
            FaultSpec asked = first;
            Predicate<FaultSpec> together =
                    fault -> fault.step() == asked.step() && fault.phase().equals(asked.phase());
            boolean complete =
                    pending.stream()
                            .filter(together)
                            .filter(fault ->
                                    members.contains(agents.get(fault.agent()).agentId())
                                            && agents.get(fault.agent()).alive())
                            .allMatch(arrived::contains);
            if (!complete) {
                later(TOGETHER_MILLIS, () -> inject(take(together.and(this::hasArrived))));
                return;
            }
            due = take(together.and(this::hasArrived));
        }
        inject(due);
    }

    private synchronized boolean hasArrived(FaultSpec fault) {
        return arrived.contains(fault);
    }

    private void releaseRestore(int agent) {
        agents.get(agent).order(AgentLines.RELEASE);
        synchronized (this) {
            pending.stream()
                    .filter(fault -> fault.agent() == agent && fault.recovery() > 0)
                    .findFirst()
                    .ifPresent(this::hold);
        }
    }

    /** A view became active with these agents. */
    public synchronized void viewActivated(List<String> memberIds) {
        members = Set.copyOf(memberIds);
    }

    /** The job completed this step: agents without a rank whose time has come die now. */
    public void completed(long step) {
        inject(
                take(fault ->
                        fault.step() > 0
                                && fault.step() <= step
                                && !members.contains(agents.get(fault.agent()).agentId())));
    }

    /** Recovery number {@code recovery} began to restore. */
    public void restoring(int recovery) {
        inject(take(fault -> fault.recovery() == recovery));
    }

    /** Faults whose coordinate was never reached. */
    public synchronized List<FaultSpec> notInjected() {
        return List.copyOf(pending);
    }

    private synchronized List<FaultSpec> take(Predicate<FaultSpec> due) {
        List<FaultSpec> taken = pending.stream().filter(due).toList();
        pending.removeAll(taken);
        arrived.removeAll(taken);
        return taken;
    }

    private void inject(List<FaultSpec> faults) {
        // All signals first: those that die together must not learn of each other's death.
        for (FaultSpec fault : faults) {
            long now = System.nanoTime();
            AgentProcess agent = agents.get(fault.agent());
            switch (fault.victim()) {
                case HOST -> agent.signalHost();
                case WORKER -> agent.signalWorker(fault.local());
            }
            onInjected.accept(fault, now);
        }
        for (FaultSpec fault : faults) {
            AgentProcess agent = agents.get(fault.agent());
            switch (fault.victim()) {
                case HOST -> agent.awaitHostDead();
                case WORKER -> agent.order(AgentLines.RELEASE);
            }
        }
    }

    private static void later(long millis, Runnable task) {
        Thread.ofVirtual()
                .name("fault-timer")
                .start(() -> {
                    try {
                        Thread.sleep(millis);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return;
                    }
                    task.run();
                });
    }
}
