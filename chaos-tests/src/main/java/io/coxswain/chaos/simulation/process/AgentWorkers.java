package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.app.WorkerPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.chaos.simulation.worker.SimWorker;
import io.coxswain.chaos.simulation.worker.WorkerGroups;

import org.jspecify.annotations.Nullable;

/** The worker processes of one agent. */
final class AgentWorkers implements WorkerPort {
    private static final long BRIDGE_NANOS = 50_000L;

    private final SimAgent agent;
    private final Arena arena;
    private final Facts facts;
    private final Randomness random;
    private final SimWorker.Speed speed;
    private final WorkerGroups groups;
    private @Nullable SimWorker worker;
    private boolean faulty;
    private String jobId = "";

    AgentWorkers(
            SimAgent agent,
            Arena arena,
            Facts facts,
            Randomness random,
            SimWorker.Speed speed,
            WorkerGroups groups) {
        this.agent = agent;
        this.arena = arena;
        this.facts = facts;
        this.random = random;
        this.speed = speed;
        this.groups = groups;
    }

    @Nullable SimWorker current() {
        SimWorker running = worker;
        return running != null && running.isAlive() ? running : null;
    }

    @Override
    public void start(int generation, JobSpec job) {
        agent.called();
        JobHistory history = facts.job(job.jobId());
        if (history == null) {
            facts.broken("I10", agent.name() + " starts a job that nobody submitted: " + job);
            return;
        }
        SimWorker before = worker;
        if (before != null) {
            before.die(null);
        }
        faulty = false;
        jobId = job.jobId();
        worker =
                new SimWorker(
                        agent.kernel(),
                        random.split("g" + generation),
                        speed,
                        arena,
                        history,
                        facts,
                        agent.name(),
                        generation,
                        job,
                        groups,
                        agent.host(),
                        this::heard);
    }

    private void heard(AgentEvent event) {
        agent.kernel().after(BRIDGE_NANOS, "bridge", () -> agent.deliver(() -> agent.post(event)));
    }

    @Override
    public void stop(int generation) {
        agent.called();
        SimWorker running = worker;
        if (running != null && running.generation() == generation) {
            running.die(null);
            worker = null;
        }
    }

    @Override
    public void kill(int generation, String reason, boolean hung) {
        agent.called();
        SimWorker running = worker;
        if (running != null && running.generation() == generation) {
            // A group that broke and whose view nobody ends: whose fault it is cannot be known.
            facts.workerKilled(agent.name(), reason, faulty || running.isInBrokenGroup());
            running.die("killed: " + reason);
        }
    }

    @Override
    public void replace(int generation, String reason) {
        agent.called();
        SimWorker running = worker;
        if (running != null && running.generation() == generation) {
            running.die("killed: " + reason);
        }
    }

    @Override
    public void abort(int generation, long belowEpoch) {
        agent.called();
        SimWorker running = worker;
        if (running != null && running.generation() == generation) {
            running.abort(belowEpoch);
        }
    }

    @Override
    public void ask(int generation, WorkerRequest request) {
        agent.called();
        if (request instanceof WorkerRequest.Execute execute) {
            facts.stepBegun(jobId, agent, execute.epoch(), execute.step());
        } else if (request instanceof WorkerRequest.Apply apply && apply.snapshotSlot() >= 0) {
            facts.snapshotAsked(jobId, agent, apply.epoch(), apply.step());
        } else if (request instanceof WorkerRequest.Snapshot snapshot) {
            facts.snapshotAsked(jobId, agent, snapshot.epoch(), snapshot.step());
        }
        SimWorker running = worker;
        if (running != null && running.generation() == generation) {
            running.ask(request);
        }
    }

    @Override
    public void answer(int generation, long requestId, KeyValueReply reply) {
        agent.called();
        facts.broken("I10", agent.name() + " answers what no simulated worker asked: " + reply);
    }

    /** A fault is done to the worker: what the agent makes of it is no surprise. */
    void blame() {
        faulty = true;
    }

    void die() {
        SimWorker running = worker;
        if (running != null) {
            running.die(null);
        }
    }
}
