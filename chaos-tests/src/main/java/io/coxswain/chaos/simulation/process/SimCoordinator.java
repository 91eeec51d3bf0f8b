package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.core.AgentReport;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.InvariantViolated;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.network.Plane;
import io.coxswain.chaos.simulation.zookeeper.SimZooKeeper;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient;
import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorCore;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.CoordinatorSettings;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.retention.RetentionRule;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A coordinator's process around the production core, fed as its loop feeds it. */
public final class SimCoordinator extends SimProcess {
    private static final long LEAST_PAUSE_NANOS = 100_000L;
    private static final long DIAL_NANOS = 2_000_000_000L;
    private static final int KEPT_JOBS = 3;

    /** Finds processes by what is written on them. */
    public interface Directory {
        /** The process that listens at that agent's data endpoint now; null when none does. */
        @Nullable SimAgent listening(AgentProfile agent);

        int hostOf(AgentProfile agent);

        /** Its host is without power: nobody answers, not even to refuse. */
        boolean isSilent(AgentProfile agent);

        /** That very process lives, whatever its host or the links to it do. */
        boolean isAlive(String agentId, String incarnation);

        /** Some agent, its links, or ZooKeeper had a fault not long ago. */
        boolean agentsHadFaults();

        /** A fault near that agent or this coordinator may be the cause of what it sees. */
        boolean faultNear(String agentId, SimCoordinator coordinator);
    }

    /** The process ends in the middle of what it does. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;

        Crash() {
            super("crash", null, false, false);
        }
    }

    private final CoordinatorCore core;
    private final Network network;
    private final Facts facts;
    private final Interceptor interceptor;
    private final Directory directory;
    private final SimLeadership leadership;
    private final ZooKeeperClient zookeeper;
    private final SimZooKeeper server;
    private final Map<Long, ControlStream> streams = new TreeMap<>();

    /** Agents that attached in its term. */
    private final Map<String, SimAgent> heardOf = new TreeMap<>();

    private ProtocolPhase phase = ProtocolPhase.STANDBY;
    private Kernel.@Nullable Ticket alarm;
    private long nextStream = 1;
    private long crashAfterCalls = Long.MAX_VALUE;
    private boolean handling;

    public SimCoordinator(
            Network network,
            SimZooKeeper server,
            Facts facts,
            Interceptor interceptor,
            Directory directory,
            String name,
            int host,
            long clockNanos) {
        super(network.kernel(), name, host, clockNanos);
        this.network = network;
        this.server = server;
        this.facts = facts;
        this.interceptor = interceptor;
        this.directory = directory;
        this.leadership = new SimLeadership(this, facts, interceptor, network.isLossy());
        this.core =
                new CoordinatorCore(
                        settings(name),
                        interceptor.agentsPort(this, new SimAgentsPort(this, facts)),
                        interceptor.storePort(this, leadership.store()),
                        interceptor.eventsPort(this, new Events()),
                        leadership);
        this.zookeeper = new ZooKeeperClient(server, host, leadership);
        leadership.start(zookeeper);
    }

    // As in production, but for a history so short that jobs are forgotten.
    private static CoordinatorSettings settings(String name) {
        CoordinatorSettings defaults = CoordinatorSettings.defaults(name);
        return new CoordinatorSettings(
                name,
                defaults.jobLimits(),
                defaults.livenessLimits(),
                defaults.accountNanos(),
                defaults.storeRetryNanos(),
                defaults.queuedJobs(),
                new RetentionRule(KEPT_JOBS, 0),
                defaults.environment());
    }

    // ---------------------------------------------------------------- the loop

    /** Hands the core an input, after the one at hand. */
    public void offer(CoordinatorInput input) {
        if (!isAlive()) {
            return;
        }
        if (handling || isPaused()) {
            kernel.after(0, "queued", () -> deliver(() -> offer(input)));
            return;
        }
        handling = true;
        try {
            for (CoordinatorInput each : interceptor.toCoordinator(this, input)) {
                kernel.trace().content(each);
                core.on(each, clock());
                // As the loop does: deadlines are looked at after inputs.
                if (core.nextDeadlineNanos() <= clock()) {
                    core.advance(clock());
                }
            }
        } catch (Crash crash) {
            kill();
        } catch (InvariantViolated broken) {
            throw broken;
        } catch (RuntimeException bug) {
            facts.broken("I14", name() + " broke on " + input + ": " + SimAgent.describe(bug));
        } finally {
            handling = false;
        }
        arm();
    }

    private void arm() {
        if (!isAlive()) {
            return;
        }
        long deadline = core.nextDeadlineNanos();
        if (deadline == Long.MAX_VALUE) {
            return;
        }
        long at = Math.max(virtual(deadline), kernel.now());
        Kernel.Ticket set = alarm;
        if (set == null || set.atNanos() > at) {
            if (set != null) {
                set.cancel();
            }
            alarm = kernel.at(at, "advance", this::due);
        }
    }

    private void due() {
        alarm = null;
        if (!runs()) {
            return;
        }
        if (core.nextDeadlineNanos() <= clock()) {
            handling = true;
            try {
                core.advance(clock());
            } catch (Crash crash) {
                kill();
            } catch (InvariantViolated broken) {
                throw broken;
            } catch (RuntimeException bug) {
                facts.broken("I14", name() + " broke in time: " + SimAgent.describe(bug));
            } finally {
                handling = false;
            }
        }
        arm();
        Kernel.Ticket set = alarm;
        if (set != null && set.atNanos() <= kernel.now()) {
            set.cancel();
            alarm = kernel.after(LEAST_PAUSE_NANOS, "advance", this::due);
        }
    }

    @Override
    protected void resumed() {
        due();
    }

    /** The process dies at its n-th call of a port from now on. */
    public void crashAfter(long calls) {
        crashAfterCalls = calls;
    }

    void called() {
        if (--crashAfterCalls <= 0) {
            crashAfterCalls = Long.MAX_VALUE;
            throw new Crash();
        }
    }

    @Override
    protected void killed() {
        phase = ProtocolPhase.STANDBY;
        zookeeper.abandon();
        if (alarm != null) {
            alarm.cancel();
        }
        for (ControlStream stream : List.copyOf(streams.values())) {
            stream.endByCoordinator("connection reset by peer");
        }
        streams.clear();
    }

    // ---------------------------------------------------------------- streams

    void hear(ControlStream stream, AgentReport report, long termSeen) {
        if (stream.coordinatorDone) {
            return;
        }
        SimAgent agent = stream.agent;
        if (report instanceof AgentReport.Attach attach) {
            stream.id = nextStream++;
            streams.put(stream.id, stream);
            heardOf.put(agent.profile().key().toString(), agent);
            boolean holds = !attach.inventory().jobId().isEmpty();
            offer(
                    new CoordinatorInput.AgentAttached(
                            stream.id,
                            termSeen,
                            agent.profile(),
                            Map.of(),
                            attach.inventory().jobId(),
                            holds ? Wire.inventory(attach.inventory()) : Inventory.EMPTY,
                            attach.jobTimeNanos(),
                            Wire.standing(attach.standing()),
                            CoordinatorStatus.AgentProcess.UNKNOWN));
            return;
        }
        AgentWord word = Wire.word(agent.profile().key(), report);
        if (word != null) {
            offer(new CoordinatorInput.AgentSaid(stream.id, termSeen, word));
        }
    }

    void streamOver(ControlStream stream, String reason) {
        if (streams.remove(stream.id) != null) {
            stream.coordinatorDone = true;
            offer(new CoordinatorInput.StreamClosed(stream.id, reason));
        }
    }

    @Nullable ControlStream stream(long id) {
        return streams.get(id);
    }

    void closeStream(long id, String reason) {
        ControlStream stream = streams.remove(id);
        if (stream != null) {
            stream.endByCoordinator(reason);
        }
    }

    void dial(AgentProfile agent, long dial) {
        int to = directory.hostOf(agent);
        boolean[] answered = {false};
        Consumer<DialResult> answer =
                result -> {
                    if (!answered[0]) {
                        answered[0] = true;
                        offer(new CoordinatorInput.DialAnswered(agent.key(), dial, result, "dial"));
                    }
                };
        kernel.after(
                DIAL_NANOS, "dial-limit", () -> deliver(() -> answer.accept(DialResult.TIMEOUT)));
        if (!network.passes(host(), to, Plane.DATA)) {
            return;
        }
        kernel.after(
                network.delay(host(), to),
                "dial",
                () -> {
                    SimAgent there = directory.listening(agent);
                    if (there != null && there.isPaused()) {
                        return;
                    }
                    boolean silent = there == null && directory.isSilent(agent);
                    DialResult result =
                            there == null
                                    ? DialResult.REFUSED
                                    : there.profile().key().equals(agent.key())
                                            ? DialResult.SAME_INCARNATION
                                            : DialResult.OTHER_INCARNATION;
                    if (!silent && network.passes(to, host(), Plane.DATA)) {
                        kernel.after(
                                network.delay(to, host()) + network.holdUp(),
                                "dialled",
                                () -> deliver(() -> answer.accept(result)));
                    }
                });
    }

    // ---------------------------------------------------------------- what people ask

    public void submit(JobSpec job, Consumer<SubmitOutcome> answer) {
        deliver(() -> offer(new CoordinatorInput.Submit(job, true, answer)));
    }

    /** Somebody says something of an agent. */
    public void maintain(Word word, Consumer<MaintenanceOutcome> answer) {
        deliver(() -> offer(new CoordinatorInput.Maintain(word, true, answer)));
    }

    /** Wants a job to stand. */
    public void pause(String jobId, Consumer<PauseOutcome> answer) {
        deliver(() -> offer(new CoordinatorInput.Pause(jobId, "", answer)));
    }

    /** Wants a job to go on. */
    public void resume(String jobId, Consumer<PauseOutcome> answer) {
        deliver(() -> offer(new CoordinatorInput.Resume(jobId, answer)));
    }

    /** Wants a job to end. */
    public void cancel(String jobId, Consumer<CancelOutcome> answer) {
        deliver(() -> offer(new CoordinatorInput.Cancel(jobId, "on request", answer)));
    }

    private final class Events implements EventsPort {
        @Override
        public void publish(
                CoordinatorEvent event,
                long nowNanos,
                long term,
                String jobId,
                long epoch,
                long step) {
            called();
            if (event instanceof CoordinatorEvent.StepsCompleted) {
                kernel.trace().note(kernel.now(), name(), "event", event);
            } else {
                note("event", event);
            }
            if (event instanceof CoordinatorEvent.AgentLost lost) {
                facts.declaredLost(
                        name(),
                        lost.agent() + "/" + lost.incarnation().substring(0, 8),
                        lost.cause(),
                        directory.faultNear(lost.agent(), SimCoordinator.this),
                        directory.isAlive(lost.agent(), lost.incarnation()));
            }
            if (event instanceof CoordinatorEvent.LeadershipGained) {
                heardOf.clear();
            }
            if (event instanceof CoordinatorEvent.JobTakenOver taken
                    && term == SimLeadership.termIn(tree())) {
                facts.takenOver(taken, heardOf.values(), directory.agentsHadFaults());
            }
            phase = phase.after(event);
            facts.published(name(), jobId, event);
        }
    }

    // ---------------------------------------------------------------- questions

    Kernel kernel() {
        return kernel;
    }

    /** Where the protocol stands, as its effects show. */
    public ProtocolPhase phase() {
        return phase;
    }

    void phase(ProtocolPhase next) {
        phase = next;
    }

    public boolean leads() {
        return leadership.leads();
    }

    public long term() {
        return leadership.term();
    }

    /** Its session in the store. */
    public long session() {
        return zookeeper.session();
    }

    /** What the core waits to write, and streams open. */
    public int kept() {
        return streams.size();
    }

    public int watches() {
        return zookeeper.watches();
    }

    Tree tree() {
        return server.tree();
    }
}
