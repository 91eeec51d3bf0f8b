package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.chaos.simulation.network.Connection;

/** One stream of an agent to a coordinator. */
final class ControlStream {
    final SimAgent agent;
    final SimCoordinator coordinator;
    final Connection connection;
    final long leaderTerm;
    boolean opened;
    boolean heard;
    boolean agentDone;
    long endedNanos;
    boolean coordinatorDone;

    /** Given by the coordinator when the agent attaches. */
    long id;

    ControlStream(
            SimAgent agent, SimCoordinator coordinator, Connection connection, long leaderTerm) {
        this.agent = agent;
        this.coordinator = coordinator;
        this.connection = connection;
        this.leaderTerm = leaderTerm;
        connection.onReset(() -> {
            agent.deliver(() -> agent.control().over(this, "connection reset"));
            coordinator.deliver(() -> coordinator.streamOver(this, "connection reset"));
        });
    }

    void say(AgentReport report, long termSeen) {
        connection.send(
                agent.host(),
                "say",
                () -> coordinator.deliver(() -> coordinator.hear(this, report, termSeen)));
    }

    void tell(AgentEvent event) {
        connection.send(
                coordinator.host(),
                "tell",
                () -> agent.deliver(() -> agent.control().hear(this, event)));
    }

    void doneAtAgent() {
        if (!agentDone) {
            agentDone = true;
            endedNanos = agent.kernel().now();
        }
    }

    /** The agent's side ends it. */
    void endByAgent(String reason) {
        doneAtAgent();
        connection.send(
                agent.host(),
                "end",
                () -> {
                    connection.close();
                    coordinator.deliver(() -> coordinator.streamOver(this, reason));
                });
    }

    /** The coordinator's side ends it. */
    void endByCoordinator(String reason) {
        coordinatorDone = true;
        connection.send(
                coordinator.host(),
                "close",
                () -> {
                    connection.close();
                    agent.deliver(() -> agent.control().over(this, reason));
                });
    }
}
