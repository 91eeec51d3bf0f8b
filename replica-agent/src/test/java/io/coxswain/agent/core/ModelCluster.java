package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * N machines, a network that delivers in random order (in order per link), workers whose state is a hash chain, and a plain coordinator that plans from inventories.
 * Everything follows from the seed. A state that is not the one a run without faults has fails at once, wherever it shows.
 */
final class ModelCluster {
    static final String JOB = "model";
    private static final long TERM = 3;
    private static final int MOST_DELIVERIES = 400_000;

    /** A transfer under way. */
    private record Transfer(ModelNode from, ModelNode to, @Nullable SlotRef source, @Nullable SlotRef destination, Runnable arrive) {}

    final Random random;
    final int replicas;
    final int shards;
    final long steps;
    final int copies;
    final StateLayout layout;
    final List<ModelNode> nodes = new ArrayList<>();
    final Map<ModelNode, ArrayDeque<AgentEvent>> toAgent = new LinkedHashMap<>();
    final List<Transfer> transfers = new ArrayList<>();
    long now = 1;

    // What a run without faults has: state hash by shard and step.
    private final List<List<Long>> truth = new ArrayList<>();

    // The coordinator.
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
    int protectionChecks;

    // The collective: by epoch and step.
    private final Map<Long, Map<Integer, AgentEffect.Reduce>> reducing = new HashMap<>();
    private final Map<Long, Map<Integer, Long>> gathering = new HashMap<>();

    ModelCluster(long seed, int replicas, int shards, int spares, int copies, long steps) {
        this.random = new Random(seed);
        this.replicas = replicas;
        this.shards = shards;
        this.copies = copies;
        this.steps = steps;
        List<Long> bounds = new ArrayList<>();
        List<Long> bytes = new ArrayList<>();
        for (int s = 0; s <= shards; s++) {
            bounds.add(10L * s);
        }
        for (int s = 0; s < shards; s++) {
            bytes.add(8L);
            truth.add(new ArrayList<>(List.of(initial(s))));
        }
        this.layout = new StateLayout(10L * shards, bounds, bytes, bytes, "model", true);
        for (int i = 0; i < replicas * shards + spares; i++) {
            ModelNode node = new ModelNode(this, String.valueOf((char) ('a' + i)));
            nodes.add(node);
            toAgent.put(node, new ArrayDeque<>());
        }
    }

    // ---------------------------------------------------------------- truth

    private static long mix(long a, long b) {
        long z = a * 0x9E3779B97F4A7C15L + b + 0x632BE59BD9B4E019L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        return z ^ (z >>> 27);
    }

    long initial(int shard) {
        return mix(42, shard);
    }

    /** The state after a step from the one before: the gradient depends on all shards, as in training. */
    long next(long hash, long step, int shard) {
        long gradient = step;
        for (int s = 0; s < shards; s++) {
            gradient = mix(gradient, truthAt(s, step - 1));
        }
        return mix(hash, mix(gradient, shard));
    }

    private long truthAt(int shard, long step) {
        List<Long> chain = truth.get(shard);
        while (chain.size() <= step) {
            chain.add(next(chain.getLast(), chain.size(), shard));
        }
        return chain.get((int) step);
    }

    void checkState(int shard, long step, long hash, String where) {
        if (hash != truthAt(shard, step)) {
            throw new AssertionError("shard " + shard + " after step " + step + " is wrong: " + where);
        }
    }

    // ---------------------------------------------------------------- running

    /** Starts everything and delivers until the job is done. {@code disturb} is asked after each delivery. */
    void run(Disturbance disturb) {
        for (ModelNode node : nodes) {
            node.handle(new AgentEvent.StreamOpened());
            send(node, new AgentEvent.Welcomed(TERM, 250_000_000L, 10_000_000_000L));
            send(node, new AgentEvent.JobOffered(TERM, job()));
        }
        for (int i = 0; i < MOST_DELIVERIES; i++) {
            if (finals.size() == replicas * shards) {
                return;
            }
            if (!deliverOne()) {
                throw new AssertionError("nothing moves any more: epoch " + epoch + " fencing " + fencing + " active " + active + " view " + view + " ready " + viewReady + " " + describe());
            }
            disturb.maybe(this);
        }
        throw new AssertionError("no end after " + MOST_DELIVERIES + " deliveries: " + describe());
    }

    /** Something that happens now and then. */
    interface Disturbance {
        void maybe(ModelCluster cluster);
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        for (ModelNode node : nodes) {
            text.append(node.peer.key().id()).append(node.alive ? " " : " dead ").append(node.machine.phase()).append(' ').append(node.machine.live()).append("; ");
        }
        return text.toString();
    }

    private boolean deliverOne() {
        List<Runnable> choices = new ArrayList<>();
        for (ModelNode node : nodes) {
            if (!node.alive) {
                continue;
            }
            if (!node.inbox.isEmpty()) {
                choices.add(() -> node.handle(node.inbox.removeFirst()));
            }
            ArrayDeque<AgentEvent> link = toAgent.get(node);
            if (link != null && !link.isEmpty()) {
                choices.add(() -> node.handle(link.removeFirst()));
            }
            if (node.workerHasWork()) {
                choices.add(() -> node.work(random.nextBoolean()));
            }
        }
        if (!leaderInbox.isEmpty()) {
            choices.add(() -> leaderInbox.removeFirst().run());
        }
        if (!transfers.isEmpty()) {
            int which = random.nextInt(transfers.size());
            choices.add(() -> transfers.remove(which).arrive().run());
        }
        now += 1_000;
        for (ModelNode node : nodes) {
            if (node.alive && node.machine.nextDeadlineNanos(now) <= now) {
                node.handle(new AgentEvent.Tick());
                return true;
            }
        }
        if (choices.isEmpty()) {
            // Only time can help.
            long deadline = Long.MAX_VALUE;
            for (ModelNode node : nodes) {
                if (node.alive) {
                    deadline = Math.min(deadline, node.machine.nextDeadlineNanos(now));
                }
            }
            if (deadline == Long.MAX_VALUE || now > 60_000_000_000L) {
                return false;
            }
            now = Math.max(now, deadline);
            for (ModelNode node : nodes) {
                ModelNode.Worker worker = node.worker;
                if (node.alive && worker != null) {
                    node.inbox.add(new AgentEvent.WorkerPonged(worker.generation));
                }
            }
            return true;
        }
        choices.get(random.nextInt(choices.size())).run();
        return true;
    }

    private void send(ModelNode node, AgentEvent event) {
        ArrayDeque<AgentEvent> link = toAgent.get(node);
        if (link != null && node.alive) {
            link.add(event);
        }
    }

    private JobSpec job() {
        return new JobSpec(JOB, "model", replicas, shards, steps, 1, "", 8, replicas * shards, copies, 1, 0, 0, "runtime", "agent", "model", "{}");
    }

    // ---------------------------------------------------------------- the data plane

    void reduce(ModelNode node, AgentEffect.Reduce reduce) {
        if (node.configuredEpoch != reduce.epoch()) {
            return;
        }
        Map<Integer, AgentEffect.Reduce> parts = reducing.computeIfAbsent(key(reduce.epoch(), reduce.step()), k -> new HashMap<>());
        parts.put(node.rank, reduce);
        if (parts.size() == replicas * shards) {
            long floor = parts.values().stream().mapToLong(AgentEffect.Reduce::acknowledgedStep).min().orElseThrow();
            for (ModelNode member : nodes) {
                if (member.alive && member.configuredEpoch == reduce.epoch()) {
                    transfers.add(
                            new Transfer(
                                    member,
                                    member,
                                    null,
                                    null,
                                    () -> {
                                        if (member.configuredEpoch == reduce.epoch()) {
                                            newestFloor = Math.max(newestFloor, floor);
                                            member.inbox.add(new AgentEvent.Reduced(reduce.epoch(), reduce.step(), 1, floor, new long[replicas * shards]));
                                        }
                                    }));
                }
            }
        }
    }

    void gather(ModelNode node, AgentEffect.Gather gather) {
        if (node.configuredEpoch != gather.epoch()) {
            return;
        }
        Map<Integer, Long> parts = gathering.computeIfAbsent(key(gather.epoch(), gather.step()), k -> new HashMap<>());
        parts.put(node.rank, node.parameters[node.rank % shards]);
        int row = node.rank / shards;
        for (int s = 0; s < shards; s++) {
            if (!parts.containsKey(row * shards + s)) {
                return;
            }
        }
        for (ModelNode member : nodes) {
            if (member.alive && member.configuredEpoch == gather.epoch() && member.rank / shards == row) {
                transfers.add(
                        new Transfer(
                                member,
                                member,
                                null,
                                null,
                                () -> {
                                    if (member.configuredEpoch == gather.epoch()) {
                                        for (int s = 0; s < shards; s++) {
                                            Long part = parts.get(row * shards + s);
                                            if (s != member.rank % shards && part != null) {
                                                member.parameters[s] = part;
                                            }
                                        }
                                        member.inbox.add(new AgentEvent.Gathered(gather.epoch(), gather.step()));
                                    }
                                }));
            }
        }
    }

    private static long key(long epoch, long step) {
        return epoch * 1_000_000 + step;
    }

    private @Nullable ModelNode node(AgentKey key) {
        for (ModelNode node : nodes) {
            if (node.peer.key().equals(key)) {
                return node;
            }
        }
        return null;
    }

    void push(ModelNode from, AgentEffect.PushCopy push) {
        ModelNode to = node(push.holder().key());
        if (to == null) {
            throw new AssertionError("unknown holder " + push.holder());
        }
        transfers.add(
                new Transfer(
                        from,
                        to,
                        push.slot(),
                        null,
                        () -> {
                            ModelNode.Cell source = from.cell(push.slot());
                            boolean good = to.alive && source != null && source.committed && push.state().equals(source.name);
                            SlotRef slot = good ? take(to, push) : null;
                            ModelNode.Cell target = slot == null ? null : to.cell(slot);
                            if (source == null || slot == null || target == null) {
                                from.inbox.add(new AgentEvent.CopyPushed(push.state(), push.holder().key(), false, "refused"));
                                return;
                            }
                            target.free();
                            target.writing = true;
                            long hash = source.hash;
                            transfers.add(new Transfer(from, to, push.slot(), slot, () -> arrived(from, to, push, slot, target, hash)));
                        }));
    }

    private static @Nullable SlotRef take(ModelNode to, AgentEffect.PushCopy push) {
        HeldCopies.Admission admission = to.held.admit(push.state(), push.floor());
        for (HeldCopies.Dropped dropped : admission.dropped()) {
            ModelNode.Cell cell = to.cell(dropped.slot());
            if (cell != null) {
                cell.free();
            }
            to.inbox.add(new AgentEvent.CopyDropped(dropped.name(), dropped.slot()));
        }
        return admission.slot();
    }

    private void arrived(ModelNode from, ModelNode to, AgentEffect.PushCopy push, SlotRef slot, ModelNode.Cell target, long hash) {
        boolean kept = to.alive && target.writing && to.held.received(push.state(), slot);
        if (kept) {
            target.writing = false;
            target.committed = true;
            target.name = push.state();
            target.hash = hash;
            to.inbox.add(new AgentEvent.CopyReceived(push.state(), slot, ModelNode.digest(hash), 8, push.floor(), push.placementVersion()));
        }
        from.inbox.add(new AgentEvent.CopyPushed(push.state(), push.holder().key(), kept, kept ? "" : "gone"));
    }

    boolean isRead(ModelNode node, SlotRef slot) {
        return transfers.stream().anyMatch(transfer -> transfer.from() == node && slot.equals(transfer.source()));
    }

    void cancel(ModelNode node, SlotRef slot) {
        for (Transfer transfer : List.copyOf(transfers)) {
            if (transfer.from() == node && slot.equals(transfer.source())) {
                // Let it run to its end at once: a cancelled transfer that was done a moment before is one of the cases.
                transfers.remove(transfer);
                transfer.arrive().run();
            }
        }
        if (isRead(node, slot)) {
            cancel(node, slot);
        }
    }

    void fetch(ModelNode to, AgentEffect.FetchState fetch) {
        ModelNode donor = node(fetch.donor().key());
        transfers.add(
                new Transfer(
                        to,
                        to,
                        null,
                        fetch.destination(),
                        () -> {
                            ModelNode.Cell source = donor == null || !donor.alive ? null : donor.find(fetch.state());
                            ModelNode.Cell target = to.cell(fetch.destination());
                            if (source == null || target == null) {
                                to.inbox.add(new AgentEvent.StateFetched(fetch.state(), fetch.destination(), false, "not here", Digest.NONE, 0));
                                return;
                            }
                            if (target.committed) {
                                throw new AssertionError(to.peer.key() + " fetches into " + fetch.destination() + ", which holds " + target.name);
                            }
                            target.name = fetch.state();
                            target.hash = source.hash;
                            target.committed = true;
                            to.inbox.add(
                                    new AgentEvent.StateFetched(fetch.state(), fetch.destination(), true, "", ModelNode.digest(source.hash), 8));
                        }));
    }

    // ---------------------------------------------------------------- the coordinator

    void toLeader(ModelNode node, AgentReport report) {
        leaderInbox.add(
                () -> {
                    if (node.alive) {
                        heard(node, report);
                    }
                });
    }

    private void heard(ModelNode node, AgentReport report) {
        switch (report) {
            case AgentReport.Attach _, AgentReport.CopyHeld _, AgentReport.PeerUnreachable _ -> {}
            case AgentReport.Heartbeat beat -> send(node, new AgentEvent.HeartbeatAnswered(TERM, beat.sequence(), now));
            case AgentReport.JobReady _ -> {
                ready.add(node);
                if (epoch == 0 && ready.size() == nodes.size()) {
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
            case AgentReport.StepsDone steps -> stepsDone(steps);
            case AgentReport.WorkerLost lost -> {
                ready.remove(node);
                if (lost.epoch() == epoch && view != null) {
                    fence("worker lost");
                }
            }
            case AgentReport.FinalState state -> {
                View current = view;
                if (current != null && state.epoch() == current.epoch()) {
                    checkState(current.shardOf(state.rank()), steps, state.parts().samplesSeen(), "final state of rank " + state.rank());
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
        if (completed == steps) {
            for (Peer member : current.members()) {
                sendTo(member, new AgentEvent.FinalRequested(TERM, JOB, epoch, steps, List.of()));
            }
        } else if (completed + 4 > granted) {
            granted = completed + 8;
            for (Peer member : current.members()) {
                sendTo(member, new AgentEvent.StepsGranted(TERM, JOB, epoch, granted));
            }
        }
    }

    private void sendTo(Peer peer, AgentEvent event) {
        ModelNode node = node(peer.key());
        if (node != null) {
            send(node, event);
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
        for (ModelNode node : nodes) {
            send(node, new AgentEvent.Fenced(TERM, JOB, epoch));
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
        if (fencing && nodes.stream().filter(node -> node.alive).allMatch(answers::containsKey)) {
            fencing = false;
            plan();
        }
    }

    private boolean trusted(StateName name) {
        Long base = lineage.get(name.epoch());
        if (base == null || name.step() < base) {
            return false;
        }
        return lineage.entrySet().stream().noneMatch(branch -> branch.getKey() > name.epoch() && branch.getValue() < name.step());
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
            for (int shard = 0; shard < shards; shard++) {
                everyShard &= exists(shard, candidate);
            }
            target = everyShard ? Math.max(target, candidate) : target;
        }
        if (target < newestFloor && !lineage.isEmpty()) {
            throw new AssertionError("the floor is " + newestFloor + ", but the newest step that everybody can go back to is " + target + ": " + describe());
        }
        targets.add(target);
        List<ModelNode> members = assign(target);
        if (members.size() < replicas * shards) {
            throw new AssertionError("too few agents");
        }
        epoch = Math.max(1, epoch);
        View planned =
                new View(JOB, epoch, epoch - 1, target, replicas, shards, members.stream().map(member -> member.peer).toList());
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
            ModelNode giver = donor == null ? null : node(donor.key());
            if (giver != null) {
                donations.computeIfAbsent(giver, k -> new ArrayList<>()).add(restore);
            }
        }
        for (ModelNode node : nodes) {
            int rank = members.indexOf(node);
            send(
                    node,
                    new AgentEvent.ViewOrdered(
                            TERM,
                            new PrepareOrder(
                                    planned,
                                    rank,
                                    rank < 0 ? null : restores.get(node),
                                    rank < 0 ? null : Story.plan(epoch, 1, 3),
                                    placement,
                                    donations.getOrDefault(node, List.of()))));
        }
    }

    private List<ModelNode> lastMembers = List.of();

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
                if (state.state().shard() == shard && state.state().step() == step && trusted(state.state())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Survivors keep their ranks; a spare that holds the shard's target comes first, then any. */
    private List<ModelNode> assign(long target) {
        List<ModelNode> members = new ArrayList<>();
        List<ModelNode> free = new ArrayList<>(nodes.stream().filter(node -> node.alive && !lastMembers.contains(node)).toList());
        for (int rank = 0; rank < replicas * shards; rank++) {
            int shard = rank % shards;
            if (rank < lastMembers.size() && lastMembers.get(rank).alive) {
                members.add(lastMembers.get(rank));
                continue;
            }
            ModelNode chosen = null;
            for (ModelNode node : free) {
                Inventory inventory = answers.get(node);
                if (inventory != null
                        && all(inventory).stream().anyMatch(s -> s.state().shard() == shard && s.state().step() == target && trusted(s.state()))) {
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
                if (state.state().shard() == shard && state.state().step() == target && trusted(state.state())) {
                    return new Restore(Restore.Action.LOAD_LOCAL, state.state(), state.digest(), null);
                }
            }
            for (HeldState state : own.copies()) {
                if (state.state().shard() == shard && state.state().step() == target && trusted(state.state())) {
                    return new Restore(Restore.Action.PROMOTE_COPY, state.state(), state.digest(), null);
                }
            }
        }
        for (var answer : answers.entrySet()) {
            for (HeldState state : all(answer.getValue())) {
                if (state.state().shard() == shard && state.state().step() == target && trusted(state.state()) && answer.getKey() != node) {
                    return new Restore(Restore.Action.FETCH, state.state(), state.digest(), answer.getKey().peer);
                }
            }
        }
        for (var answer : answers.entrySet()) {
            StateName live = answer.getValue().live();
            if (live != null && live.shard() == shard && live.step() == target && trusted(live) && answer.getKey() != node) {
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
        List<ModelNode> holders = new ArrayList<>(nodes.stream().filter(node -> node.alive && !members.contains(node)).toList());
        for (int shard = 0; shard < shards; shard++) {
            int found = 0;
            List<ModelNode> order = new ArrayList<>(holders);
            for (int i = 1; i < members.size(); i++) {
                order.add(members.get((shard + i) % members.size()));
            }
            for (ModelNode holder : order) {
                if (found < copies && members.indexOf(holder) % shards != shard | members.indexOf(holder) < 0) {
                    duties.add(new CopyDuty(shard, shard, holder.peer));
                    found++;
                }
            }
        }
        return new Placement(JOB, planned.epoch(), 1, duties, planned.baseStep());
    }

    private void activate(View current) {
        active = true;
        lineage.put(current.epoch(), current.baseStep());
        done = new long[current.ranks()];
        java.util.Arrays.fill(done, current.baseStep());
        granted = current.baseStep() + 8;
        for (ModelNode node : nodes) {
            send(node, new AgentEvent.ViewStarted(TERM, JOB, epoch, granted));
            if (current.baseStep() == steps) {
                send(node, new AgentEvent.FinalRequested(TERM, JOB, epoch, steps, List.of()));
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

    /** True if, without that agent, every shard has a step that all of the others can go back to, not below the floor: what protection promises. */
    boolean survivesLossOf(ModelNode victim) {
        Set<Long> common = null;
        for (int shard = 0; shard < shards; shard++) {
            Set<Long> steps = new HashSet<>();
            steps.add(0L);
            for (ModelNode node : nodes) {
                if (node.alive && node != victim) {
                    for (ModelNode.Cell[] cells : node.files.values()) {
                        for (ModelNode.Cell cell : cells) {
                            StateName name = cell.name;
                            if (cell.committed && name != null && name.shard() == shard && trusted(name)) {
                                steps.add(name.step());
                            }
                        }
                    }
                }
            }
            if (common == null) {
                common = steps;
            } else {
                common.retainAll(steps);
            }
        }
        long floor = newestFloor;
        return common != null && common.stream().anyMatch(step -> step >= floor);
    }
}
