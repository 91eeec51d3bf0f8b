package io.coxswain.agent.core;

import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A plain coordinator for {@link ModelCluster}: fences, plans from inventories, installs views,
 * grants steps. Fails if a floor cannot be gone back to.
 */
final class ModelCoordinator {
    private final ModelCluster cluster;
    private final ArrayDeque<Runnable> leaderInbox = new ArrayDeque<>();
    private final Map<Long, Long> lineage = new TreeMap<>();
    private final Set<ModelNode> ready = new HashSet<>();
    private final Map<ModelNode, Inventory> answers = new HashMap<>();
    private final Set<Integer> viewReady = new HashSet<>();
    private long epoch;
    private boolean fencing;
    private boolean active;
    private @Nullable View view;
    private long[] done = {};
    private long granted;
    final Map<Integer, Long> finals = new TreeMap<>();
    final List<Long> targets = new ArrayList<>();
    int views;
    long newestFloor;
    private List<ModelNode> lastMembers = List.of();

    ModelCoordinator(ModelCluster cluster) {
        this.cluster = cluster;
    }

    boolean hasWords() {
        return !leaderInbox.isEmpty();
    }

    void hear() {
        leaderInbox.removeFirst().run();
    }

    @Override
    public String toString() {
        return "epoch "
                + epoch
                + (fencing ? " fencing" : "")
                + (active ? " active" : "")
                + ", view "
                + view
                + ", ready "
                + viewReady;
    }

    void toLeader(ModelNode node, AgentReport report) {
        leaderInbox.add(() -> {
            if (node.alive) {
                heard(node, report);
            }
        });
    }

    private void heard(ModelNode node, AgentReport report) {
        switch (report) {
            case AgentReport.Attach _,
                    AgentReport.CopyHeld _,
                    AgentReport.CopiesRefused _,
                    AgentReport.PeerUnreachable _,
                    AgentReport.StepsHeld _,
                    AgentReport.StepsHalted _,
                    AgentReport.Notice _,
                    AgentReport.KeyValueAsked _,
                    AgentReport.KeyValueForgotten _ -> {}
            case AgentReport.Heartbeat beat ->
                    cluster.send(
                            node,
                            new AgentEvent.HeartbeatAnswered(
                                    ModelCluster.TERM, beat.sequence(), cluster.now));
            case AgentReport.JobReady _ -> {
                ready.add(node);
                if (epoch == 0 && ready.size() == cluster.nodes.size()) {
                    plan();
                } else if (!fencing && !active && view == null && epoch > 0) {
                    plan();
                }
            }
            case AgentReport.JobUnfit unfit -> throw new AssertionError(unfit.toString());
            case AgentReport.Holdings holdings -> {
                if (fencing && holdings.inventory().promisedEpoch() == epoch) {
                    answers.put(node, holdings.inventory());
                    planIfAllAnswered();
                }
            }
            case AgentReport.ViewReady viewIsReady -> {
                View current = view;
                if (current != null && !active && viewIsReady.epoch() == current.epoch()) {
                    viewReady.add(current.members().indexOf(node.peer));
                    if (viewReady.size() == current.ranks()) {
                        activate(current);
                    }
                }
            }
            case AgentReport.ViewFailed failed -> {
                if (view != null && failed.epoch() == epoch) {
                    fence("view failed: " + failed.reason());
                }
            }
            case AgentReport.StepsDone made -> stepsDone(made);
            case AgentReport.WorkerLost lost -> {
                ready.remove(node);
                if (lost.epoch() == epoch && view != null) {
                    fence("worker lost");
                }
            }
            case AgentReport.FinalState state -> {
                View current = view;
                if (current != null && state.epoch() == current.epoch()) {
                    cluster.checkState(
                            current.shardOf(state.rank()),
                            cluster.steps,
                            state.parts().samplesSeen(),
                            "final state of rank " + state.rank());
                    finals.put(state.rank(), state.parts().samplesSeen());
                }
            }
        }
    }

    private void stepsDone(AgentReport.StepsDone report) {
        View current = view;
        if (current == null || !active || report.progress().epoch() != current.epoch()) {
            return;
        }
        int rank = report.progress().rank();
        done[rank] = Math.max(done[rank], report.progress().runs().getLast().last());
        long completed = Long.MAX_VALUE;
        for (long each : done) {
            completed = Math.min(completed, each);
        }
        if (completed == cluster.steps) {
            for (Peer member : current.members()) {
                sendTo(
                        member,
                        new AgentEvent.FinalRequested(
                                ModelCluster.TERM,
                                ModelCluster.JOB,
                                epoch,
                                cluster.steps,
                                List.of()));
            }
        } else if (completed + 4 > granted) {
            granted = completed + 8;
            for (Peer member : current.members()) {
                sendTo(
                        member,
                        new AgentEvent.StepsGranted(
                                ModelCluster.TERM, ModelCluster.JOB, epoch, granted));
            }
        }
    }

    private void sendTo(Peer peer, AgentEvent event) {
        ModelNode node = cluster.node(peer.key());
        if (node != null) {
            cluster.send(node, event);
        }
    }

    /** A new epoch: everybody alive is asked what it has. */
    void fence(String why) {
        epoch++;
        fencing = true;
        active = false;
        view = null;
        answers.clear();
        finals.clear();
        for (ModelNode node : cluster.nodes) {
            cluster.send(node, new AgentEvent.Fenced(ModelCluster.TERM, ModelCluster.JOB, epoch));
        }
    }

    boolean isActive() {
        return active;
    }

    boolean hasView() {
        return view != null;
    }

    boolean isFencing() {
        return fencing;
    }

    void planIfAllAnswered() {
        if (fencing
                && cluster.nodes.stream()
                        .filter(node -> node.alive)
                        .allMatch(answers::containsKey)) {
            fencing = false;
            plan();
        }
    }

    private boolean trusted(StateName name) {
        Long base = lineage.get(name.epoch());
        if (base == null || name.step() < base) {
            return false;
        }
        return lineage.entrySet().stream()
                .noneMatch(branch ->
                        branch.getKey() > name.epoch() && branch.getValue() < name.step());
    }

    private static List<HeldState> all(Inventory inventory) {
        List<HeldState> all = new ArrayList<>(inventory.snapshots());
        all.addAll(inventory.copies());
        return all;
    }

    private void plan() {
        long target = 0;
        Set<Long> candidates = new TreeSet<>();
        for (Inventory inventory : answers.values()) {
            StateName live = inventory.live();
            if (live != null) {
                candidates.add(live.step());
            }
            all(inventory).forEach(state -> candidates.add(state.state().step()));
        }
        for (long candidate : candidates) {
            boolean everyShard = true;
            for (int shard = 0; shard < cluster.shards; shard++) {
                everyShard &= exists(shard, candidate);
            }
            target = everyShard ? Math.max(target, candidate) : target;
        }
        if (target < newestFloor && !lineage.isEmpty()) {
            throw new AssertionError(
                    "the floor is "
                            + newestFloor
                            + ", but the newest step that everybody can go back to is "
                            + target
                            + ": "
                            + cluster.describe());
        }
        targets.add(target);
        List<ModelNode> members = assign(target);
        if (members.size() < cluster.replicas * cluster.shards) {
            throw new AssertionError("too few agents");
        }
        epoch = Math.max(1, epoch);
        View planned =
                new View(
                        ModelCluster.JOB,
                        epoch,
                        epoch - 1,
                        target,
                        cluster.replicas,
                        cluster.shards,
                        members.stream().map(member -> member.peer).toList());
        Placement placement = place(planned, members);
        view = planned;
        views++;
        viewReady.clear();
        lastMembers = members;
        Map<ModelNode, List<Restore>> donations = new HashMap<>();
        Map<ModelNode, Restore> restores = new HashMap<>();
        for (int rank = 0; rank < members.size(); rank++) {
            Restore restore = restoreFor(members.get(rank), planned.shardOf(rank), target);
            restores.put(members.get(rank), restore);
            Peer donor = restore.donor();
            ModelNode giver = donor == null ? null : cluster.node(donor.key());
            if (giver != null) {
                donations.computeIfAbsent(giver, k -> new ArrayList<>()).add(restore);
            }
        }
        for (ModelNode node : cluster.nodes) {
            int rank = members.indexOf(node);
            cluster.send(
                    node,
                    new AgentEvent.ViewOrdered(
                            ModelCluster.TERM,
                            new PrepareOrder(
                                    planned,
                                    rank,
                                    rank < 0 ? null : restores.get(node),
                                    rank < 0 ? null : Story.plan(epoch, 1, 3),
                                    placement,
                                    donations.getOrDefault(node, List.of()),
                                    0)));
        }
    }

    private boolean exists(int shard, long step) {
        if (step == 0) {
            return true;
        }
        for (Inventory inventory : answers.values()) {
            StateName live = inventory.live();
            if (live != null && live.shard() == shard && live.step() == step && trusted(live)) {
                return true;
            }
            for (HeldState state : all(inventory)) {
                if (state.state().shard() == shard
                        && state.state().step() == step
                        && trusted(state.state())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Survivors keep their ranks; a spare that holds the shard's target comes first, then any. */
    private List<ModelNode> assign(long target) {
        List<ModelNode> members = new ArrayList<>();
        List<ModelNode> free =
                new ArrayList<>(
                        cluster.nodes.stream()
                                .filter(node -> node.alive && !lastMembers.contains(node))
                                .toList());
        for (int rank = 0; rank < cluster.replicas * cluster.shards; rank++) {
            int shard = rank % cluster.shards;
            if (rank < lastMembers.size() && lastMembers.get(rank).alive) {
                members.add(lastMembers.get(rank));
                continue;
            }
            ModelNode chosen = null;
            for (ModelNode node : free) {
                Inventory inventory = answers.get(node);
                if (inventory != null
                        && all(inventory).stream()
                                .anyMatch(s ->
                                        s.state().shard() == shard
                                                && s.state().step() == target
                                                && trusted(s.state()))) {
                    chosen = node;
                    break;
                }
            }
            if (chosen == null && !free.isEmpty()) {
                chosen = free.getFirst();
            }
            if (chosen != null) {
                free.remove(chosen);
                members.add(chosen);
            }
        }
        return members;
    }

    private Restore restoreFor(ModelNode node, int shard, long target) {
        Inventory own = answers.get(node);
        if (own != null) {
            StateName live = own.live();
            if (live != null && live.shard() == shard && live.step() == target && trusted(live)) {
                return new Restore(Restore.Action.KEEP_LIVE, live, own.liveDigest(), null);
            }
            for (HeldState state : own.snapshots()) {
                if (state.state().shard() == shard
                        && state.state().step() == target
                        && trusted(state.state())) {
                    return new Restore(
                            Restore.Action.LOAD_LOCAL, state.state(), state.digest(), null);
                }
            }
            for (HeldState state : own.copies()) {
                if (state.state().shard() == shard
                        && state.state().step() == target
                        && trusted(state.state())) {
                    return new Restore(
                            Restore.Action.PROMOTE_COPY, state.state(), state.digest(), null);
                }
            }
        }
        for (var answer : answers.entrySet()) {
            for (HeldState state : all(answer.getValue())) {
                if (state.state().shard() == shard
                        && state.state().step() == target
                        && trusted(state.state())
                        && answer.getKey() != node) {
                    return new Restore(
                            Restore.Action.FETCH,
                            state.state(),
                            state.digest(),
                            answer.getKey().peer);
                }
            }
        }
        for (var answer : answers.entrySet()) {
            StateName live = answer.getValue().live();
            if (live != null
                    && live.shard() == shard
                    && live.step() == target
                    && trusted(live)
                    && answer.getKey() != node) {
                return new Restore(Restore.Action.FETCH, live, Digest.NONE, answer.getKey().peer);
            }
        }
        if (target != 0) {
            throw new AssertionError("no source for shard " + shard + " at step " + target);
        }
        return new Restore(Restore.Action.INIT, new StateName("", 0, 0, 0), Digest.NONE, null);
    }

    /** Spares first, then the next members; never the owner. */
    private Placement place(View planned, List<ModelNode> members) {
        List<CopyDuty> duties = new ArrayList<>();
        List<ModelNode> holders =
                new ArrayList<>(
                        cluster.nodes.stream()
                                .filter(node -> node.alive && !members.contains(node))
                                .toList());
        for (int shard = 0; shard < cluster.shards; shard++) {
            int found = 0;
            List<ModelNode> order = new ArrayList<>(holders);
            for (int i = 1; i < members.size(); i++) {
                order.add(members.get((shard + i) % members.size()));
            }
            for (ModelNode holder : order) {
                int rank = members.indexOf(holder);
                if (found < cluster.copies && (rank < 0 || rank % cluster.shards != shard)) {
                    duties.add(new CopyDuty(shard, shard, holder.peer));
                    found++;
                }
            }
        }
        return new Placement(ModelCluster.JOB, planned.epoch(), 1, duties, planned.baseStep());
    }

    private void activate(View current) {
        active = true;
        lineage.put(current.epoch(), current.baseStep());
        done = new long[current.ranks()];
        Arrays.fill(done, current.baseStep());
        granted = current.baseStep() + 8;
        for (ModelNode node : cluster.nodes) {
            cluster.send(
                    node,
                    new AgentEvent.ViewStarted(
                            ModelCluster.TERM, ModelCluster.JOB, epoch, granted));
            if (current.baseStep() == cluster.steps) {
                cluster.send(
                        node,
                        new AgentEvent.FinalRequested(
                                ModelCluster.TERM,
                                ModelCluster.JOB,
                                epoch,
                                cluster.steps,
                                List.of()));
            }
        }
    }

    // ---------------------------------------------------------------- faults

    List<ModelNode> members() {
        return lastMembers;
    }

    /** The host dies with all that it had. */
    void killAgent(ModelNode victim) {
        victim.alive = false;
        victim.files.clear();
        victim.inbox.clear();
        answers.remove(victim);
        ready.remove(victim);
        fence("agent " + victim.peer.key() + " lost");
    }

    /**
     * True if, without that agent, every shard has a step that all of the others can go back to,
     * not below the floor: what protection promises.
     */
    boolean survivesLossOf(ModelNode victim) {
        Set<Long> common = null;
        for (int shard = 0; shard < cluster.shards; shard++) {
            Set<Long> held = new HashSet<>();
            held.add(0L);
            for (ModelNode node : cluster.nodes) {
                if (node.alive && node != victim) {
                    for (ModelNode.Cell[] cells : node.files.values()) {
                        for (ModelNode.Cell cell : cells) {
                            StateName name = cell.name;
                            if (cell.committed
                                    && name != null
                                    && name.shard() == shard
                                    && trusted(name)) {
                                held.add(name.step());
                            }
                        }
                    }
                }
            }
            if (common == null) {
                common = held;
            } else {
                common.retainAll(held);
            }
        }
        long floor = newestFloor;
        return common != null && common.stream().anyMatch(step -> step >= floor);
    }
}
