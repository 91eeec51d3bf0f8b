package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.AgentObserver;
import io.coxswain.agent.app.AgentPorts;
import io.coxswain.agent.app.EffectRunner;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.Phase;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.chaos.simulation.invariant.AgentView;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.Invariant;
import io.coxswain.chaos.simulation.invariant.InvariantViolated;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.chaos.simulation.worker.SimWorker;
import io.coxswain.chaos.simulation.worker.WorkerGroups;
import io.coxswain.chaos.simulation.zookeeper.SimZooKeeper;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient;
import io.coxswain.coordinator.core.model.AgentProfile;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** An agent's process around the production machine and effect runner. */
public final class SimAgent extends SimProcess implements AgentView {
    private static final AgentEvent TICK = new AgentEvent.Tick();
    private static final long LEAST_PAUSE_NANOS = 100_000L;

    private final AgentProfile profile;
    private final Peer peer;
    private final AgentMachine machine;
    private final EffectRunner runner;
    private final Interceptor interceptor;
    private final Facts facts;
    private final Arena arena;
    private final AgentControl control;
    private final AgentWorkers workers;
    private final AgentMemory memory;
    private final DataEnd data;
    private final ZooKeeperClient zookeeper;
    private Kernel.@Nullable Ticket alarm;
    private boolean handling;
    private int calls;
    private boolean left;
    private boolean endingJob;
    private long newestWireTerm;
    private long leaderWordNanos;
    private long leaseNanos;
    private boolean silently;

    /** What an agent is made of. */
    public record Parts(
            Network network,
            SimZooKeeper zookeeper,
            DataPlane dataPlane,
            WorkerGroups groups,
            Facts facts,
            Interceptor interceptor,
            Randomness random,
            SimWorker.Speed speed) {}

    public SimAgent(Parts parts, AgentProfile profile, int host, long clockNanos) {
        super(parts.network().kernel(), profile.key().id(), host, clockNanos);
        this.profile = profile;
        this.peer = Wire.peer(profile);
        this.facts = parts.facts();
        this.interceptor = parts.interceptor();
        this.arena = new Arena(profile.arenaBudgetBytes());
        this.machine = new AgentMachine(peer.key(), AgentLimits.DEFAULT);
        this.control = new AgentControl(this, parts.network(), parts.random().split("control"));
        this.memory = new AgentMemory(this, arena, facts, parts.random().split("memory"));
        this.workers =
                new AgentWorkers(
                        this,
                        arena,
                        facts,
                        parts.random().split("worker"),
                        parts.speed(),
                        parts.groups());
        this.data = parts.dataPlane().join(this, memory);
        this.runner =
                new EffectRunner(
                        machine,
                        interceptor.agentPorts(
                                this, new AgentPorts(control, workers, data, memory)),
                        AgentObserver.NONE,
                        end -> kernel.after(1, "ends", () -> deliver(this::kill)));
        this.zookeeper = new ZooKeeperClient(parts.zookeeper(), host, new Session());
        zookeeper.watch(Paths.LEADER, change -> control.leaderChanged(leader(change.now())));
        register();
        lookUp();
    }

    private static @Nullable Leader leader(Tree.@Nullable Node node) {
        return node != null && node.data() instanceof Leader found ? found : null;
    }

    private void register() {
        String path = Paths.AGENTS + profile.key().id();
        zookeeper.ask(
                "register",
                tree -> {
                    var operations = new java.util.ArrayList<Tree.Operation>();
                    if (tree.read(path) != null) {
                        operations.add(new Tree.Operation.Delete(path));
                    }
                    operations.add(
                            new Tree.Operation.Create(path, profile.key(), zookeeper.session()));
                    tree.multi(operations);
                    return true;
                },
                reply -> {
                    if (!(reply instanceof ZooKeeperClient.Reply.Done)) {
                        kernel.after(250_000_000L, "register", () -> deliver(this::register));
                    }
                });
    }

    private void lookUp() {
        zookeeper.ask(
                "leader?",
                tree -> java.util.Optional.ofNullable(tree.read(Paths.LEADER)),
                reply -> {
                    if (reply
                            instanceof
                            ZooKeeperClient.Reply.Done<java.util.Optional<Tree.Node>>(var node)) {
                        control.leaderChanged(leader(node.orElse(null)));
                    } else {
                        kernel.after(250_000_000L, "leader?", () -> deliver(this::lookUp));
                    }
                });
    }

    private final class Session implements ZooKeeperClient.Owner {
        @Override
        public boolean runs() {
            return SimAgent.this.runs();
        }

        @Override
        public void deliver(Kernel.Task task) {
            SimAgent.this.deliver(task);
        }

        @Override
        public void connection(ZooKeeperClient.State state, boolean newSession) {
            if (state == ZooKeeperClient.State.CONNECTED) {
                if (newSession) {
                    register();
                }
                lookUp();
            }
        }
    }

    // ---------------------------------------------------------------- events

    /** Hands the machine an event, after the one at hand. */
    public void post(AgentEvent event) {
        if (!isAlive()) {
            return;
        }
        if (handling || isPaused()) {
            // Its queue: the machine's effects are carried out before the next event.
            kernel.after(0, "queued", () -> deliver(() -> post(event)));
            return;
        }
        for (AgentEvent each : interceptor.toAgent(this, event)) {
            handle(each, event);
        }
        arm();
    }

    // The event as it was sent and what became of it on the way to the machine.
    private void handle(AgentEvent event, AgentEvent sent) {
        if (!isAlive()) {
            return;
        }
        handling = true;
        calls = 0;
        left = false;
        endingJob = event instanceof AgentEvent.JobEnded;
        long promised = machine.promisedEpoch();
        if (!(event instanceof AgentEvent.Tick) && !(event instanceof AgentEvent.WorkerPonged)) {
            if (event instanceof AgentEvent.HeartbeatAnswered) {
                kernel.trace().routine(kernel.now(), name(), "<-", event);
            } else {
                kernel.trace().note(kernel.now(), name(), "<-", event);
            }
        }
        if (event instanceof AgentEvent.CopyPushed pushed && pushed.verified()) {
            facts.copyAcknowledged(name(), pushed.holder().id(), pushed.state());
        }
        long newestBefore = newestWireTerm;
        if (event instanceof AgentEvent.FromLeader && sent instanceof AgentEvent.FromLeader word) {
            facts.heard(this, event, word.term(), newestWireTerm);
            heardLeader(word);
        }
        try {
            runner.handle(event, clock());
        } catch (InvariantViolated broken) {
            throw broken;
        } catch (RuntimeException bug) {
            facts.broken("I14", name() + " broke on " + event + ": " + describe(bug));
        } finally {
            handling = false;
            endingJob = false;
        }
        if (event instanceof AgentEvent.FromLeader && sent instanceof AgentEvent.FromLeader word) {
            facts.leaderWord(
                    this,
                    event,
                    word.term(),
                    newestBefore,
                    new Invariant.Outcome(promised, machine.promisedEpoch(), calls, left));
        }
    }

    // A word counts from when it is handled: a step may begin by it.
    private void heardLeader(AgentEvent.FromLeader word) {
        if (word.term() >= newestWireTerm) {
            newestWireTerm = word.term();
            leaderWordNanos = kernel.now();
            if (word instanceof AgentEvent.Welcomed welcomed) {
                leaseNanos = welcomed.leaseNanos();
            }
        }
    }

    static String describe(RuntimeException bug) {
        StackTraceElement[] stack = bug.getStackTrace();
        return bug + (stack.length == 0 ? "" : " at " + stack[0]);
    }

    private void arm() {
        if (!isAlive()) {
            return;
        }
        long deadline = runner.nextDeadlineNanos(clock());
        Kernel.Ticket set = alarm;
        if (deadline == Long.MAX_VALUE) {
            return;
        }
        long at = Math.max(virtual(deadline), kernel.now());
        if (set == null || set.atNanos() > at) {
            if (set != null) {
                set.cancel();
            }
            alarm = kernel.at(at, "tick", this::due);
        }
    }

    private void due() {
        alarm = null;
        if (!runs()) {
            return;
        }
        if (runner.nextDeadlineNanos(clock()) <= clock()) {
            post(TICK);
            if (alarm != null && alarm.atNanos() <= kernel.now()) {
                // A deadline that a tick does not move: the loop would look again at the next
                // event only.
                alarm.cancel();
                alarm = kernel.after(LEAST_PAUSE_NANOS, "tick", this::due);
            }
        } else {
            arm();
        }
    }

    @Override
    protected void resumed() {
        due();
    }

    @Override
    protected void killed() {
        die(!silently);
    }

    private void die(boolean told) {
        workers.die();
        data.die(told);
        control.dead(told);
        zookeeper.abandon();
        if (alarm != null) {
            alarm.cancel();
        }
        arena.lose();
    }

    /** The host loses power: nobody is told. */
    public void losePower() {
        silently = true;
        kill();
    }

    boolean diedSilently() {
        return silently;
    }

    // ---------------------------------------------------------------- what ports tell

    void called() {
        calls++;
    }

    void left() {
        left = true;
    }

    void reported(AgentReport report) {
        if (report instanceof AgentReport.Holdings holdings) {
            facts.inventoryTold(this, holdings.inventory());
        }
    }

    // ---------------------------------------------------------------- questions

    Kernel kernel() {
        return kernel;
    }

    AgentControl control() {
        return control;
    }

    Facts facts() {
        return facts;
    }

    Interceptor interceptor() {
        return interceptor;
    }

    /** The worker that runs now, null if none does. */
    public @Nullable SimWorker worker() {
        return workers.current();
    }

    /** A fault is done to the worker. */
    public void blameWorker() {
        workers.blame();
    }

    public Peer peer() {
        return peer;
    }

    public AgentMachine machine() {
        return machine;
    }

    /** Its session in the store. */
    public long session() {
        return zookeeper.session();
    }

    /** It has connections that may be reset. */
    public boolean isConnected() {
        return data.network().open().stream().anyMatch(each -> each.touches(host()));
    }

    /** Control streams broken by the network. */
    public void resetConnections() {
        for (var connection : data.network().open()) {
            if (connection.touches(host())) {
                connection.reset();
            }
        }
    }

    @Override
    public AgentProfile profile() {
        return profile;
    }

    @Override
    public Arena arena() {
        return arena;
    }

    @Override
    public long promisedEpoch() {
        return machine.promisedEpoch();
    }

    @Override
    public long termSeen() {
        return machine.termSeen();
    }

    @Override
    public long knownFloor() {
        return machine.floor();
    }

    @Override
    public long missedSnapshot() {
        return machine.missedSnapshot();
    }

    @Override
    public boolean hasSnapshot(long step) {
        return machine.hasSnapshot(step);
    }

    @Override
    public long sinceLeaderWordNanos() {
        return kernel.now() - leaderWordNanos;
    }

    @Override
    public long leaseNanos() {
        return leaseNanos;
    }

    @Override
    public boolean isEndingJob() {
        return endingJob;
    }

    @Override
    public boolean isOrdered() {
        return machine.phase() != Phase.FENCED;
    }

    @Override
    public int kept() {
        return arena.files().size() + memory.kept() + data.kept();
    }

    @Override
    public String toString() {
        return profile.key().toString();
    }

    /** The states that it holds, committed. */
    public List<Arena.Cell> states() {
        return arena.files().values().stream()
                .flatMap(file -> file.cells().stream())
                .filter(Arena.Cell::isCommitted)
                .toList();
    }
}
