package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Stage;
import io.coxswain.chaos.port.AgentSite;
import io.coxswain.chaos.port.LimitedFaults;
import io.coxswain.chaos.port.Whereabouts;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A cluster of somebody else, as its coordinator tells of it. Agents are those that had a rank in
 * the job, or stood ready for one, when this was made: by rank, then by name. Thread-safe.
 */
final class AttachedStage implements Stage, Whereabouts {
    static final String LABEL = "chaos";
    static final String ALLOWED = "allowed";

    private final String endpoint;
    private final Credentials credentials;
    private final String jobId;
    private final List<String> agents;
    private final List<String> domains;
    private final Map<String, String> first = new HashMap<>();
    private final LimitedFaults faults;

    AttachedStage(
            String endpoint,
            Credentials credentials,
            String jobId,
            List<AgentStatus> attached,
            Function<Whereabouts, FaultPort> port,
            int mostVictims) {
        this.endpoint = endpoint;
        this.credentials = credentials;
        this.jobId = jobId;
        List<AgentStatus> parts =
                attached.stream()
                        .filter(one -> one.getRank() >= 0 || isSpare(one))
                        .sorted(
                                Comparator.comparingInt((AgentStatus one) ->
                                                one.getRank() < 0
                                                        ? Integer.MAX_VALUE
                                                        : one.getRank())
                                        .thenComparing(AgentStatus::getAgentId))
                        .toList();
        this.agents = parts.stream().map(AgentStatus::getAgentId).toList();
        this.domains = racks(parts);
        parts.forEach(one -> first.put(one.getAgentId(), one.getIncarnation()));
        this.faults = new LimitedFaults(port.apply(this), mostVictims);
    }

    private static boolean isSpare(AgentStatus agent) {
        return agent.getState().equals("spare") || agent.getState().equals("ready");
    }

    // A rack is what a failure domain stands in; the cast counts racks from 0.
    private static List<String> racks(List<AgentStatus> parts) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        var domains = new ArrayList<String>();
        for (AgentStatus one : parts) {
            String domain = one.getFailureDomain();
            int end = domain.lastIndexOf('/');
            String rack = end < 0 ? domain : domain.substring(0, end);
            Integer number = numbers.get(rack);
            if (number == null) {
                number = numbers.size();
                numbers.put(rack, number);
            }
            domains.add("rack" + number + "/" + one.getAgentId());
        }
        return List.copyOf(domains);
    }

    static StatusResponse status(String endpoint, Credentials credentials)
            throws EnvironmentException {
        try (AdminClient client = AdminClient.connect(credentials.at(endpoint))) {
            return client.status("");
        }
    }

    private StatusResponse status() throws IOException {
        try {
            return status(endpoint, credentials);
        } catch (EnvironmentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Nullable JobStatus job() throws IOException {
        return job(status());
    }

    @Nullable JobStatus job(StatusResponse status) {
        for (JobStatus one : status.getJobsList()) {
            if (one.getJobId().equals(jobId)) {
                return one;
            }
        }
        return null;
    }

    private static @Nullable AgentStatus agent(StatusResponse status, String id) {
        for (AgentStatus one : status.getAgentsList()) {
            if (one.getAgentId().equals(id)) {
                return one;
            }
        }
        return null;
    }

    /** Why nobody of that job may be hurt; empty if somebody may. */
    static String refusal(@Nullable JobStatus job, String jobId) {
        if (job == null) {
            return "there is no job " + jobId + "; see coxswain jobs";
        }
        if (AdminTexts.ended(job.getPhase())) {
            return "job " + jobId + " is over (" + AdminTexts.phase(job.getPhase()) + ")";
        }
        if (!ALLOWED.equals(job.getLabelsMap().get(LABEL))) {
            return "job "
                    + jobId
                    + " does not carry the label '"
                    + LABEL
                    + ": "
                    + ALLOWED
                    + "', so its agents must not be hurt. Whoever owns the job allows it in the job"
                    + " file (labels: {"
                    + LABEL
                    + ": "
                    + ALLOWED
                    + "}) before submitting it";
        }
        return "";
    }

    private static AgentSite site(AgentStatus agent) throws IOException {
        String endpoint = agent.getDataEndpoint();
        int end = endpoint.lastIndexOf(':');
        try {
            return new AgentSite(
                    agent.getAgentId(),
                    agent.getIncarnation(),
                    agent.getHost(),
                    end < 0 ? endpoint : endpoint.substring(0, end),
                    agent.getPid());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public AgentSite victim(String agent) throws IOException {
        StatusResponse status = status();
        String refusal = refusal(job(status), jobId);
        if (!refusal.isEmpty()) {
            throw new IOException(refusal);
        }
        if (!agents.contains(agent)) {
            throw new IOException(agent + " is no agent of job " + jobId);
        }
        AgentStatus found = agent(status, agent);
        if (found == null) {
            throw new IOException(agent + " is not attached now");
        }
        return site(found);
    }

    @Override
    public @Nullable AgentSite seen(String agent) throws IOException {
        AgentStatus found = agent(status(), agent);
        return found == null ? null : site(found);
    }

    /** Whether the agent is attached as another process than when this was made. */
    boolean seenAnew(String agent) throws IOException {
        AgentStatus found = agent(status(), agent);
        return found != null && !found.getIncarnation().equals(first.get(agent));
    }

    LimitedFaults limited() {
        return faults;
    }

    @Override
    public List<String> agents() {
        return agents;
    }

    @Override
    public List<String> domains() {
        return domains;
    }

    @Override
    public boolean alive(String party) {
        try {
            AgentStatus found = agent(status(), party);
            return found != null && !found.getState().equals("suspect");
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void hold(int agent, long step, String phase) {
        // Agents of others take no orders from here.
    }

    @Override
    public void release(int agent) {
        // None was held.
    }

    @Override
    public FaultPort faults() {
        return faults;
    }

    @Override
    public boolean ours() {
        return false;
    }
}
