package io.coxswain.chaos.simulation.process;

import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.zookeeper.Tree;
import io.coxswain.chaos.simulation.zookeeper.Tree.Operation;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient;
import io.coxswain.chaos.simulation.zookeeper.ZooKeeperClient.Reply;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.LeadershipPort;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.StoredJob;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Leadership as the ZooKeeper adapter does it: a latch says who may try, the term's version says
 * who leads; a lost session alone deposes nobody, a bumped term always does.
 */
final class SimLeadership implements LeadershipPort, ZooKeeperClient.Owner {
    private static final long RETRY_NANOS = 200_000_000L;

    /** The term that is held and its version. */
    record Fence(long term, int version) {}

    private record Term(long term, String coordinator) {}

    private final SimCoordinator coordinator;
    private final Facts facts;
    private final boolean requeues;
    private final SimStore store;
    private final Map<String, AgentKey> registered = new LinkedHashMap<>();
    private @Nullable ZooKeeperClient client;
    private @Nullable Fence fence;
    private String latch = "";
    private boolean suspended;
    private boolean trying;

    /**
     * @param requeues its place in the queue for the lead is lost with the connection
     */
    SimLeadership(
            SimCoordinator coordinator, Facts facts, Interceptor interceptor, boolean requeues) {
        this.coordinator = coordinator;
        this.facts = facts;
        this.requeues = requeues;
        this.store = new SimStore(coordinator, facts, interceptor);
    }

    StorePort store() {
        return store;
    }

    boolean leads() {
        return fence != null;
    }

    long term() {
        Fence held = fence;
        return held == null ? 0 : held.term();
    }

    void start(ZooKeeperClient zookeeper) {
        client = zookeeper;
        store.client(zookeeper);
        zookeeper.watch(
                Paths.ELECTION,
                _ -> {
                    check();
                    countStandbys();
                });
        zookeeper.watch(Paths.TERM, change -> termMoved(change.now()));
        zookeeper.watch(Paths.AGENTS, change -> agentChanged(change.path(), change.now()));
        stand();
    }

    private ZooKeeperClient client() {
        ZooKeeperClient open = client;
        if (open == null) {
            throw new IllegalStateException("not started");
        }
        return open;
    }

    private void later(Kernel.Task task) {
        coordinator.kernel().after(RETRY_NANOS, "retry", () -> coordinator.deliver(task));
    }

    /** The term that stands in the store. */
    static long termIn(Tree tree) {
        Tree.Node node = tree.read(Paths.TERM);
        return node != null && node.data() instanceof Term term ? term.term() : 0;
    }

    // ---------------------------------------------------------------- election

    private void stand() {
        long session = client().session();
        client().ask(
                        "stand",
                        tree -> {
                            for (Tree.Node node : tree.below(Paths.ELECTION)) {
                                if (node.owner() == session) {
                                    return node.path();
                                }
                            }
                            String path = "%s%010d".formatted(Paths.ELECTION, tree.takeSequence());
                            tree.multi(
                                    List.of(
                                            new Operation.Create(
                                                    path, coordinator.name(), session)));
                            return path;
                        },
                        reply -> {
                            if (reply instanceof Reply.Done<String>(String path)) {
                                latch = path;
                                check();
                            } else {
                                later(this::stand);
                            }
                        });
    }

    private void check() {
        if (fence != null || trying || latch.isEmpty()) {
            return;
        }
        client().ask(
                        "latch?",
                        tree -> {
                            List<Tree.Node> all = tree.below(Paths.ELECTION);
                            return all.isEmpty() ? "" : all.getFirst().path();
                        },
                        reply -> {
                            if (reply instanceof Reply.Done<String>(String first)) {
                                if (first.equals(latch) && fence == null && !trying) {
                                    trying = true;
                                    lead();
                                }
                            } else {
                                later(this::check);
                            }
                        });
    }

    // A hint, as any cache: one that died stands there until its session is over.
    private void countStandbys() {
        client().ask(
                        "standbys?",
                        tree -> tree.below(Paths.ELECTION).size(),
                        reply -> {
                            if (reply instanceof Reply.Done<Integer>(Integer standing)) {
                                coordinator.offer(
                                        new CoordinatorInput.StandbysSeen(
                                                Math.max(0, standing - 1)));
                            }
                        });
    }

    private void again() {
        trying = false;
        fence = null;
        store.fence(null);
        later(this::check);
    }

    private void lead() {
        client().ask(
                        "term?",
                        tree -> {
                            Tree.Node node = tree.read(Paths.TERM);
                            if (node == null) {
                                tree.multi(
                                        List.of(
                                                new Operation.Create(
                                                        Paths.TERM, new Term(0, ""), 0)));
                                node = tree.read(Paths.TERM);
                            }
                            return java.util.Objects.requireNonNull(node);
                        },
                        reply -> {
                            if (reply instanceof Reply.Done<Tree.Node>(Tree.Node node)
                                    && node.data() instanceof Term before) {
                                bump(before.term() + 1, node.version());
                            } else {
                                again();
                            }
                        });
    }

    private void bump(long term, int version) {
        client().ask(
                        "bump",
                        tree -> {
                            tree.multi(
                                    List.of(
                                            new Operation.Set(
                                                    Paths.TERM,
                                                    new Term(term, coordinator.name()),
                                                    version)));
                            facts.termTaken(coordinator.name(), term);
                            return version + 1;
                        },
                        reply -> {
                            if (reply instanceof Reply.Done<Integer>(Integer now)) {
                                Fence held = new Fence(term, now);
                                fence = held;
                                store.fence(held);
                                announce(held, () -> load(held));
                            } else {
                                again();
                            }
                        });
    }

    private void announce(Fence held, Kernel.Task next) {
        long session = client().session();
        client().ask(
                        "announce",
                        tree -> {
                            var operations = new ArrayList<Operation>();
                            operations.add(new Operation.Check(Paths.TERM, held.version()));
                            if (tree.read(Paths.LEADER) != null) {
                                operations.add(new Operation.Delete(Paths.LEADER));
                            }
                            operations.add(
                                    new Operation.Create(
                                            Paths.LEADER,
                                            new Leader(held.term(), coordinator),
                                            session));
                            tree.multi(operations);
                            return true;
                        },
                        reply -> {
                            if (!held.equals(fence)) {
                                return;
                            }
                            switch (reply) {
                                case Reply.Done<Boolean> _ -> next.run();
                                case Reply.Denied<Boolean> _ -> {
                                    if (trying) {
                                        again();
                                    } else {
                                        stepDown("the term is not " + held.term() + " any more");
                                    }
                                }
                                case Reply.Unknown<Boolean> _ -> {
                                    if (trying) {
                                        again();
                                    } else {
                                        suspended = true;
                                        later(this::connectionBack);
                                    }
                                }
                            }
                        });
    }

    private void load(Fence held) {
        client().ask(
                        "load",
                        tree -> {
                            var all = new ArrayList<Tree.Node>(tree.below(Paths.JOBS));
                            all.addAll(tree.below(Paths.AGENTS));
                            all.addAll(tree.below(Paths.MAINTENANCE));
                            return all;
                        },
                        reply -> {
                            if (!held.equals(fence)) {
                                return;
                            }
                            if (reply instanceof Reply.Done<ArrayList<Tree.Node>>(var nodes)) {
                                trying = false;
                                suspended = false;
                                coordinator.offer(
                                        new CoordinatorInput.LeadershipGained(
                                                held.term(), jobs(nodes), setAside(nodes)));
                                repeatAgents(nodes);
                                countStandbys();
                            } else {
                                again();
                            }
                        });
    }

    private static List<SetAside> setAside(List<Tree.Node> nodes) {
        for (Tree.Node node : nodes) {
            if (node.data() instanceof StoreRecord.SetAsides(List<SetAside> agents)) {
                return agents;
            }
        }
        return List.of();
    }

    private static List<StoredJob> jobs(List<Tree.Node> nodes) {
        var records = new LinkedHashMap<String, Map<StoreRecord.Kind, StoreRecord>>();
        for (Tree.Node node : nodes) {
            if (node.data() instanceof StoreRecord record) {
                records.computeIfAbsent(
                                record.jobId(),
                                _ -> new java.util.EnumMap<>(StoreRecord.Kind.class))
                        .put(record.kind(), record);
            }
        }
        var jobs = new ArrayList<StoredJob>();
        records.values()
                .forEach(kinds -> {
                    if (kinds.get(StoreRecord.Kind.SPEC) instanceof StoreRecord.Spec spec) {
                        jobs.add(
                                new StoredJob(
                                        spec,
                                        (StoreRecord.ViewRecord) kinds.get(StoreRecord.Kind.VIEW),
                                        (StoreRecord.Account) kinds.get(StoreRecord.Kind.ACCOUNT),
                                        (StoreRecord.Result) kinds.get(StoreRecord.Kind.RESULT),
                                        (StoreRecord.Pause) kinds.get(StoreRecord.Kind.PAUSE),
                                        0));
                    }
                });
        jobs.sort(Comparator.comparingLong(job -> job.spec().submittedOrder()));
        return jobs;
    }

    // ---------------------------------------------------------------- registrations

    private void repeatAgents(List<Tree.Node> nodes) {
        var seen = new LinkedHashMap<String, AgentKey>();
        for (Tree.Node node : nodes) {
            if (node.data() instanceof AgentKey key) {
                seen.put(node.path(), key);
            }
        }
        for (var former : List.copyOf(registered.entrySet())) {
            if (!former.getValue().equals(seen.get(former.getKey()))) {
                registered.remove(former.getKey());
                coordinator.offer(new CoordinatorInput.AgentUnregistered(former.getValue()));
            }
        }
        seen.forEach((path, key) -> {
            registered.put(path, key);
            coordinator.offer(new CoordinatorInput.AgentRegistered(key));
        });
    }

    private void agentChanged(String path, Tree.@Nullable Node now) {
        AgentKey before = registered.get(path);
        AgentKey after = now != null && now.data() instanceof AgentKey key ? key : null;
        if (before != null && !before.equals(after)) {
            registered.remove(path);
            coordinator.offer(new CoordinatorInput.AgentUnregistered(before));
        }
        if (after != null) {
            registered.put(path, after);
            coordinator.offer(new CoordinatorInput.AgentRegistered(after));
        }
    }

    // ---------------------------------------------------------------- connection

    @Override
    public boolean runs() {
        return coordinator.runs();
    }

    @Override
    public void deliver(Kernel.Task task) {
        coordinator.deliver(task);
    }

    @Override
    public void connection(ZooKeeperClient.State state, boolean newSession) {
        switch (state) {
            case SUSPENDED -> {
                if (fence != null && !suspended && !trying) {
                    suspended = true;
                    coordinator.offer(new CoordinatorInput.StoreSuspended("SUSPENDED"));
                }
            }
            case CONNECTED -> {
                if (newSession) {
                    latch = "";
                    stand();
                } else if (requeues) {
                    // As Curator's latch does after each break of the connection: whoever leads by
                    // its term does so until another has bumped that.
                    leaveLatch(true);
                }
                connectionBack();
                check();
            }
        }
    }

    private void connectionBack() {
        Fence held = fence;
        if (held == null || !suspended || trying) {
            return;
        }
        client().ask(
                        "back?",
                        tree -> {
                            var nodes = new ArrayList<Tree.Node>();
                            Tree.Node term = tree.read(Paths.TERM);
                            Tree.Node leader = tree.read(Paths.LEADER);
                            if (term != null) {
                                nodes.add(term);
                            }
                            if (leader != null) {
                                nodes.add(leader);
                            }
                            nodes.addAll(tree.below(Paths.AGENTS));
                            return nodes;
                        },
                        reply -> {
                            if (!held.equals(fence) || !suspended) {
                                return;
                            }
                            if (!(reply instanceof Reply.Done<ArrayList<Tree.Node>>(var nodes))) {
                                later(this::connectionBack);
                                return;
                            }
                            boolean mine = false;
                            for (Tree.Node node : nodes) {
                                if (node.path().equals(Paths.TERM)
                                        && node.version() != held.version()) {
                                    stepDown("the term is not " + held.term() + " any more");
                                    return;
                                }
                                mine |=
                                        node.path().equals(Paths.LEADER)
                                                && node.owner() == client().session();
                            }
                            Kernel.Task resume =
                                    () -> {
                                        if (held.equals(fence) && suspended) {
                                            suspended = false;
                                            coordinator.offer(new CoordinatorInput.StoreResumed());
                                            repeatAgents(nodes);
                                        }
                                    };
                            if (mine) {
                                resume.run();
                            } else {
                                announce(held, resume);
                            }
                        });
    }

    private void termMoved(Tree.@Nullable Node now) {
        Fence held = fence;
        if (held != null
                && !trying
                && !suspended
                && now != null
                && now.version() != held.version()) {
            stepDown("the term is not " + held.term() + " any more");
        }
    }

    // ---------------------------------------------------------------- stepping down

    private void stepDown(String reason) {
        if (fence == null) {
            return;
        }
        fence = null;
        suspended = false;
        trying = false;
        store.fence(null);
        coordinator.offer(new CoordinatorInput.LeadershipLost(reason));
        leaveLatch(true);
    }

    @Override
    public void resign(String reason) {
        coordinator.called();
        Fence held = fence;
        if (held == null) {
            return;
        }
        fence = null;
        suspended = false;
        trying = false;
        store.fence(null);
        client().ask(
                        "retract",
                        tree -> {
                            tree.multi(
                                    List.of(
                                            new Operation.Check(Paths.TERM, held.version()),
                                            new Operation.Delete(Paths.LEADER)));
                            return true;
                        },
                        _ -> {});
        leaveLatch(true);
    }

    @Override
    public void askTerm(long question) {
        coordinator.called();
        Fence held = fence;
        if (held == null) {
            told(question, TermVerdict.MOVED);
            return;
        }
        client().ask(
                        "check",
                        tree -> {
                            Tree.Node term = tree.read(Paths.TERM);
                            return term != null && term.version() == held.version();
                        },
                        reply ->
                                told(
                                        question,
                                        switch (reply) {
                                            case Reply.Done<Boolean>(Boolean mine) ->
                                                    mine ? TermVerdict.HELD : TermVerdict.MOVED;
                                            case Reply.Denied<Boolean> _ -> TermVerdict.MOVED;
                                            case Reply.Unknown<Boolean> _ -> TermVerdict.UNKNOWN;
                                        }));
    }

    private void told(long question, TermVerdict verdict) {
        coordinator.offer(new CoordinatorInput.TermAnswered(question, verdict, ""));
    }

    private void leaveLatch(boolean standAgain) {
        String old = latch;
        latch = "";
        client().ask(
                        "leave",
                        tree -> {
                            if (tree.read(old) != null) {
                                tree.multi(List.of(new Operation.Delete(old)));
                            }
                            return true;
                        },
                        _ -> {
                            if (standAgain) {
                                stand();
                            }
                        });
    }
}
