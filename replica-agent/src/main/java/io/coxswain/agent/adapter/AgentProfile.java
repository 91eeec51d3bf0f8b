package io.coxswain.agent.adapter;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;

import java.util.Map;

/**
 * What an agent says of itself, to ZooKeeper and to leaders.
 *
 * @param dataEndpoint where its data plane is reached, as advertised
 * @param failureDomain widest part first, as {@code pod0/rack7/host31}
 * @param arenaBudgetBytes shared memory it may use
 * @param host the name that this machine, or pod, gives itself; empty: unknown
 * @param pid of this process there; 0: unknown
 * @param workerLogs the folder in which its workers' output lies; empty: unknown
 */
record AgentProfile(
        AgentKey key,
        Endpoint dataEndpoint,
        String failureDomain,
        long arenaBudgetBytes,
        int devices,
        Map<String, String> labels,
        String host,
        long pid,
        String workerLogs) {
    AgentProfile {
        labels = Map.copyOf(labels);
    }

    /** One that does not say where its workers' output lies. */
    AgentProfile(
            AgentKey key,
            Endpoint dataEndpoint,
            String failureDomain,
            long arenaBudgetBytes,
            int devices,
            Map<String, String> labels,
            String host,
            long pid) {
        this(key, dataEndpoint, failureDomain, arenaBudgetBytes, devices, labels, host, pid, "");
    }
}
