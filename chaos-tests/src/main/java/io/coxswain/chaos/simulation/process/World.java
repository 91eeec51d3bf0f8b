package io.coxswain.chaos.simulation.process;

import io.coxswain.chaos.simulation.invariant.AgentView;
import io.coxswain.chaos.simulation.invariant.Cluster;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.Invariants;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.kernel.Trace;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.network.Plane;
import io.coxswain.chaos.simulation.worker.SimWorker;
import io.coxswain.chaos.simulation.worker.Truth;
import io.coxswain.chaos.simulation.worker.WorkerGroups;
import io.coxswain.chaos.simulation.zookeeper.SimZooKeeper;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.JobSpec;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A whole cluster in one thread: coordinators, agents and their workers, the network and ZooKeeper,
 * and whoever submits jobs. Host {@code i} of the first hosts runs agent {@code i}; then come the
 * coordinators' hosts and ZooKeeper's.
 */
public final class World implements Cluster, SimCoordinator.Directory {
    private static final long SESSION_NANOS = 6_000_000_000L;
    private static final long ARENA_BYTES = 1L << 20;
    private static final long SUBMIT_NANOS = 500_000_000L;
    private static final long NEAR_NANOS = 20_000_000_000L;
    private static final int MOST_JOBS = 12;

    private final ClusterPlan plan;
    private final Randomness random;
    private final Kernel kernel;
    private final Facts facts;
    private final Interceptor interceptor;
    private final Network network;
    private final SimZooKeeper zookeeper;
    private final DataPlane dataPlane;
    private final WorkerGroups groups;
    private final int hosts;
    private final @Nullable SimAgent[] agents;
    private final boolean[] silent;
    private final @Nullable SimCoordinator[] coordinators;
    private final long[] hurtUntil;
    private final int[] starts;
    private int faults;
    private int jobsSubmitted;

    /** What was said of agents, and is not recorded yet. */
    private final Map<String, Word> said = new HashMap<>();

    private boolean submitting = true;
    private boolean aliveChanged = true;
    private List<SimAgent> alive = List.of();

    public World(ClusterPlan plan, Randomness random, Trace trace, Interceptor interceptor) {
        this.plan = plan;
        this.random = random;
        this.interceptor = interceptor;
        this.kernel = new Kernel(trace);
        this.facts = new Facts(kernel::now, Invariants.all());
        this.hosts = plan.agents() + plan.coordinators() + 1;
        this.network =
                new Network(
                        kernel,
                        random.split("network"),
                        hosts,
                        plan.delayNanos(),
                        plan.jitterNanos(),
                        plan.lossy());
        this.zookeeper = new SimZooKeeper(network, hosts - 1, SESSION_NANOS);
        this.groups =
                new WorkerGroups(
                        kernel,
                        random.split("groups"),
                        (from, to) -> network.passes(from, to, Plane.DATA));
        this.dataPlane = new DataPlane(network, random.split("data"), plan.copyNanos());
        this.agents = new @Nullable SimAgent[plan.agents()];
        this.silent = new boolean[plan.agents()];
        this.coordinators = new @Nullable SimCoordinator[plan.coordinators()];
        this.hurtUntil = new long[hosts];
        Arrays.fill(hurtUntil, -NEAR_NANOS);
        this.starts = new int[hosts];
        for (int i = 0; i < plan.coordinators(); i++) {
            startCoordinator(i);
        }
        for (int i = 0; i < plan.agents(); i++) {
            int agent = i;
            kernel.after(random.between(0, 300_000_000L), "start", () -> startAgent(agent));
        }
        submitNext();
    }

    // ---------------------------------------------------------------- processes

    private String incarnation(int host) {
        long value = Randomness.mix(host + 1, ++starts[host]);
        return String.format(Locale.ROOT, "%016x%016x", value, Randomness.mix(value));
    }

    /** Starts the agent of that host, if none runs there. */
    public void startAgent(int host) {
        SimAgent running = agents[host];
        if (running != null && running.isAlive()) {
            return;
        }
        silent[host] = false;
        aliveChanged = true;
        var profile =
                new AgentProfile(
                        new AgentKey("a" + host, incarnation(host)),
                        new DataEndpoint("h" + host, 7000),
                        FailureDomain.parse("r" + host / plan.hostsPerRack() + "/h" + host),
                        ARENA_BYTES);
        Randomness own = random.split("agent" + host + "." + starts[host]);
        agents[host] =
                new SimAgent(
                        new SimAgent.Parts(
                                network,
                                zookeeper,
                                dataPlane,
                                groups,
                                facts,
                                interceptor,
                                own,
                                new SimWorker.Speed(
                                        plan.loadNanos() / 4,
                                        plan.loadNanos(),
                                        plan.executeNanos(),
                                        plan.executeNanos() / 8,
                                        plan.executeNanos() / 4)),
                        profile,
                        host,
                        own.between(1, 1_000_000_000_000L));
    }

    /** Starts that coordinator anew, if none runs there. */
    public void startCoordinator(int number) {
        SimCoordinator running = coordinators[number];
        if (running != null && running.isAlive()) {
            return;
        }
        int host = plan.agents() + number;
        starts[host]++;
        coordinators[number] =
                new SimCoordinator(
                        network,
                        zookeeper,
                        facts,
                        interceptor,
                        this,
                        "c" + number + "." + starts[host],
                        host,
                        random.split("c" + number + "." + starts[host])
                                .between(1, 1_000_000_000_000L));
    }

    /** The agent process of that host, null while there is none alive. */
    public @Nullable SimAgent agent(int host) {
        SimAgent agent = agents[host];
        return agent != null && agent.isAlive() ? agent : null;
    }

    public @Nullable SimCoordinator coordinator(int number) {
        SimCoordinator coordinator = coordinators[number];
        return coordinator != null && coordinator.isAlive() ? coordinator : null;
    }

    /** Who leads, as far as it knows itself; the one of the newest term. */
    public @Nullable SimCoordinator leader() {
        SimCoordinator newest = null;
        for (SimCoordinator each : coordinators) {
            if (each != null
                    && each.isAlive()
                    && each.leads()
                    && (newest == null || each.term() > newest.term())) {
                newest = each;
            }
        }
        return newest;
    }

    /** Where the protocol stands at the leader. */
    public ProtocolPhase phase() {
        SimCoordinator leader = leader();
        return leader == null ? ProtocolPhase.STANDBY : leader.phase();
    }

    // ---------------------------------------------------------------- jobs

    private JobSpec spec(int number) {
        return new JobSpec(
                "job-" + number,
                "simulated",
                plan.mesh(),
                plan.steps(),
                number,
                "data",
                plan.batch(),
                plan.microshards(),
                plan.copies(),
                plan.protectEvery(),
                plan.protectLevel(),
                10_000_000_000L,
                "runtime",
                plan.reduction() == ClusterPlan.Reduction.AGENTS ? "agent" : "runtime",
                "simulated",
                plan.reduction() == ClusterPlan.Reduction.REFORMING_WORKERS
                        ? SimWorker.REFORMS
                        : "{}");
    }

    private void submitNext() {
        jobsSubmitted++;
        JobSpec job = spec(jobsSubmitted);
        facts.submitted(
                new JobHistory(
                        job,
                        new Truth(
                                Randomness.mix(random.split("truth").nextLong(), job.seed()),
                                plan.mesh().shards(),
                                plan.microshards(),
                                plan.batch(),
                                plan.reproducible())));
        submit(job);
    }

    private void submit(JobSpec job) {
        SimCoordinator leader = leader();
        boolean[] answered = {false};
        if (leader != null) {
            leader.submit(
                    job, outcome -> answered[0] = !(outcome instanceof SubmitOutcome.Refused));
        }
        kernel.after(
                SUBMIT_NANOS,
                "submit?",
                () -> {
                    if (!answered[0]) {
                        submit(job);
                    } else {
                        watch(job);
                    }
                });
    }

    /** Says something of an agent until a leader has recorded it, or something newer is said. */
    public void maintain(Word word) {
        said.put(word.agent(), word);
        sayOf(word);
    }

    private void sayOf(Word word) {
        if (!word.equals(said.get(word.agent()))) {
            return;
        }
        SimCoordinator leader = leader();
        if (leader != null) {
            leader.maintain(
                    word,
                    outcome -> {
                        if (outcome instanceof MaintenanceOutcome.Accepted) {
                            said.remove(word.agent(), word);
                        }
                    });
        }
        kernel.after(SUBMIT_NANOS, "maintain?", () -> sayOf(word));
    }

    // Whoever submitted it waits for its end; a job that failed is submitted under another id.
    private void watch(JobSpec job) {
        JobHistory history = facts.job(job.jobId());
        // One that failed as the last that may be submitted is followed by another after the
        // healing.
        boolean enough = submitting && jobsSubmitted >= MOST_JOBS;
        if (history == null || !history.over() || enough) {
            kernel.after(SUBMIT_NANOS, "watch", () -> watch(job));
        } else if (!history.equals(newestJob())) {
            // The next one waited in the queue already.
            return;
        } else if (submitting || !history.outcome().equals("completed")) {
            submitNext();
        }
    }

    /** The next job is submitted while the newest one is not over: it waits in the queue. */
    public void queueNext() {
        if (submitting && jobsSubmitted < MOST_JOBS && !newestJob().over()) {
            submitNext();
        }
    }

    /** A job that completes is not followed by another any more; one that fails still is. */
    public void lastJob() {
        submitting = false;
    }

    /** The job submitted last. */
    public JobHistory newestJob() {
        JobHistory newest = facts.job("job-" + jobsSubmitted);
        if (newest == null) {
            throw new IllegalStateException("no job was submitted");
        }
        return newest;
    }

    // ---------------------------------------------------------------- running

    /** Runs one event and looks at all invariants. False when none is due until then. */
    public boolean step(long untilNanos) {
        boolean ran = kernel.step(untilNanos);
        if (ran) {
            facts.afterEvent(this);
        }
        return ran;
    }

    public Kernel kernel() {
        return kernel;
    }

    public Network network() {
        return network;
    }

    public SimZooKeeper zookeeper() {
        return zookeeper;
    }

    public Facts facts() {
        return facts;
    }

    public ClusterPlan plan() {
        return plan;
    }

    /** Index of ZooKeeper's host. */
    public int storeHost() {
        return hosts - 1;
    }

    /** Index of that coordinator's host. */
    public int coordinatorHost(int number) {
        return plan.agents() + number;
    }

    public int hosts() {
        return hosts;
    }

    // ---------------------------------------------------------------- faults

    /** A fault begins at that host and lasts until {@link #healed}. */
    public void hurt(int host) {
        faults++;
        hurtUntil[host] = Long.MAX_VALUE;
        if (host < plan.agents()) {
            facts.hurt(host, true);
        } else {
            facts.controllerHurt(host, true);
        }
    }

    /** The fault at that host is over. */
    public void healed(int host) {
        if (hurtUntil[host] == Long.MAX_VALUE) {
            hurtUntil[host] = kernel.now();
        }
        if (host < plan.agents()) {
            facts.hurt(host, false);
        } else {
            facts.controllerHurt(host, false);
        }
    }

    /** No agent can be reached by the leader, or all of them again. */
    public void outOfReach(boolean begins) {
        for (int agent = 0; agent < plan.agents(); agent++) {
            if (!isHurt(agent)) {
                facts.hurt(agent, begins);
            }
        }
    }

    /** Hosts whose fault goes on. */
    public boolean isHurt(int host) {
        return hurtUntil[host] == Long.MAX_VALUE;
    }

    /** The agent's process and its arena are gone; {@code power}: nobody is told. */
    public void killAgent(int host, boolean power) {
        SimAgent agent = agent(host);
        if (agent != null) {
            silent[host] = power;
            aliveChanged = true;
            if (power) {
                agent.losePower();
            } else {
                agent.kill();
            }
        }
    }

    /** Copies take so many times as long. */
    public void copySlowness(double factor) {
        dataPlane.copySlowness(factor);
    }

    /** Cuts both planes and the store, or the given ones, one way. */
    public void cut(int from, int to, List<Plane> planes) {
        planes.forEach(plane -> network.cut(from, to, plane));
    }

    public void heal(int from, int to, List<Plane> planes) {
        planes.forEach(plane -> network.heal(from, to, plane));
    }

    // ---------------------------------------------------------------- questions

    @Override
    public @Nullable SimAgent listening(AgentProfile agent) {
        return agent(hostOf(agent));
    }

    @Override
    public int hostOf(AgentProfile agent) {
        return Integer.parseInt(agent.dataEndpoint().host().substring(1));
    }

    @Override
    public boolean isSilent(AgentProfile agent) {
        return silent[hostOf(agent)];
    }

    @Override
    public boolean isAlive(String agentId, String incarnation) {
        SimAgent agent = agent(Integer.parseInt(agentId.substring(1)));
        return agent != null && agent.profile().key().incarnation().equals(incarnation);
    }

    private boolean near(int host) {
        return hurtUntil[host] >= kernel.now() - NEAR_NANOS;
    }

    @Override
    public boolean agentsHadFaults() {
        for (int host = 0; host < plan.agents(); host++) {
            if (near(host)) {
                return true;
            }
        }
        return near(storeHost());
    }

    @Override
    public boolean faultNear(String agentId, SimCoordinator coordinator) {
        return near(Integer.parseInt(agentId.substring(1)))
                || near(coordinator.host())
                || near(storeHost());
    }

    @Override
    public long now() {
        return kernel.now();
    }

    @Override
    public List<? extends AgentView> agents() {
        if (aliveChanged) {
            aliveChanged = false;
            var found = new ArrayList<SimAgent>(agents.length);
            for (SimAgent agent : agents) {
                if (agent != null && agent.isAlive()) {
                    found.add(agent);
                }
            }
            alive = found;
        }
        return alive;
    }

    @Override
    public Collection<JobHistory> jobs() {
        return facts.jobs();
    }

    @Override
    public int tasksWaiting() {
        return kernel.waiting();
    }

    @Override
    public int connections() {
        return network.connections();
    }

    @Override
    public int watches() {
        int watches = 0;
        for (SimCoordinator coordinator : coordinators) {
            if (coordinator != null && coordinator.isAlive()) {
                watches += coordinator.watches();
            }
        }
        return watches;
    }

    @Override
    public int faults() {
        return faults;
    }
}
