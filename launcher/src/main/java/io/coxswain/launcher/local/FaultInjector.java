package io.coxswain.launcher.local;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Kills at logical coordinates: a ranked agent holds at its step and phase until the signal arrives, so the coordinate is exact; an agent without a rank dies
 * when the job completes that step. Thread-safe.
 */
public final class FaultInjector {
    private final List<AgentProcess> agents;
    private final List<FaultSpec> pending;
    private final BiConsumer<FaultSpec, Long> onInjected;
    private Set<String> members = Set.of();

    /**
     * @param agents by index
     * @param onInjected told of each fault and the monotonic nanosecond at which its signal was sent
     */
    public FaultInjector(List<AgentProcess> agents, List<FaultSpec> faults, BiConsumer<FaultSpec, Long> onInjected) {
        this.agents = agents;
        this.pending = new ArrayList<>(faults);
        this.onInjected = onInjected;
        for (FaultSpec fault : faults) {
            if (fault.agent() >= agents.size()) {
                throw new IllegalArgumentException("fault " + fault + " names agent " + fault.agent() + "; this cluster has agents 0 to " + (agents.size() - 1));
            }
            if (fault.step() > 0) {
                agents.get(fault.agent()).order(AgentLines.hold(fault.step(), fault.phase()));
            }
        }
    }

    /** An agent stopped at a coordinate. */
    public void reached(int agent, AgentProcess.Reached coordinate) {
        FaultSpec due = take(fault -> fault.agent() == agent
                && fault.step() > 0
                && fault.step() <= coordinate.step()
                && fault.phase().equals(coordinate.phase()));
        if (due != null) {
            inject(due);
        }
        agents.get(agent).order(AgentLines.RELEASE);
    }

    /** A view became active with these agents. */
    public synchronized void viewActivated(List<String> memberIds) {
        members = Set.copyOf(memberIds);
    }

    /** The job completed this step: agents without a rank whose time has come die now. */
    public void completed(long step) {
        FaultSpec due;
        while ((due = take(fault -> fault.step() > 0
                        && fault.step() <= step
                        && !members.contains(agents.get(fault.agent()).agentId())))
                != null) {
            inject(due);
        }
    }

    /** Recovery number {@code recovery} began to restore. */
    public void restoring(int recovery) {
        FaultSpec due;
        while ((due = take(fault -> fault.recovery() == recovery)) != null) {
            inject(due);
        }
    }

    /** Faults whose coordinate was never reached. */
    public synchronized List<FaultSpec> notInjected() {
        return List.copyOf(pending);
    }

    private synchronized @org.jspecify.annotations.Nullable FaultSpec take(java.util.function.Predicate<FaultSpec> due) {
        for (Iterator<FaultSpec> it = pending.iterator(); it.hasNext(); ) {
            FaultSpec fault = it.next();
            if (due.test(fault)) {
                it.remove();
                return fault;
            }
        }
        return null;
    }

    private void inject(FaultSpec fault) {
        AgentProcess agent = agents.get(fault.agent());
        long now = System.nanoTime();
        switch (fault.victim()) {
            case HOST -> agent.killHost();
            case WORKER -> agent.killWorker();
        }
        onInjected.accept(fault, now);
    }
}
