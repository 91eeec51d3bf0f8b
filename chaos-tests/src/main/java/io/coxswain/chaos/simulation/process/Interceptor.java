package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.app.AgentPorts;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.app.StorePort;

import java.util.List;

/**
 * Stands between the cores and the simulated world: may change, double, drop or invent what goes
 * through. Tests put deliberate bugs here, to see that the invariants notice.
 */
public interface Interceptor {
    /** Changes nothing. */
    Interceptor NONE = new Interceptor() {};

    /** What the agent's machine is told in place of that event. */
    default List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
        return List.of(event);
    }

    default AgentPorts agentPorts(SimAgent agent, AgentPorts ports) {
        return ports;
    }

    /** What a coordinator's core is told in place of that input. */
    default List<CoordinatorInput> toCoordinator(
            SimCoordinator coordinator, CoordinatorInput input) {
        return List.of(input);
    }

    default AgentsPort agentsPort(SimCoordinator coordinator, AgentsPort port) {
        return port;
    }

    default StorePort storePort(SimCoordinator coordinator, StorePort port) {
        return port;
    }

    default EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
        return port;
    }

    /** The parts of a fenced write. */
    default List<Tree.Operation> storeWrite(List<Tree.Operation> operations) {
        return operations;
    }

    /** False: copies and fetches are not compared with their digest. */
    default boolean verifiesTransfers() {
        return true;
    }
}
