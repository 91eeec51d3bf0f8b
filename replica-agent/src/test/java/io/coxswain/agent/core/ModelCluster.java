package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * N machines, a network that delivers in random order (in order per link), and workers whose state
 * is a hash chain. Everything follows from the seed. A state that is not the one a run without
 * faults has fails at once, wherever it shows.
 */
final class ModelCluster {
    static final String JOB = "model";
    static final long TERM = 3;
    private static final int MOST_DELIVERIES = 400_000;

    /** A transfer under way. */
    private record Transfer(
            ModelNode from,
            ModelNode to,
            @Nullable SlotRef source,
            @Nullable SlotRef destination,
            Runnable arrive) {}

    final Random random;
    final int replicas;
    final int shards;
    final long steps;
    final int copies;
    final StateLayout layout;
    final List<ModelNode> nodes = new ArrayList<>();
    final Map<ModelNode, ArrayDeque<AgentEvent>> toAgent = new LinkedHashMap<>();
    private final List<Transfer> transfers = new ArrayList<>();
    long now = 1;

    // What a run without faults has: state hash by shard and step.
    private final List<List<Long>> truth = new ArrayList<>();

    final ModelCoordinator coordinator = new ModelCoordinator(this);

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

    /**
     * The state after a step from the one before: the gradient depends on all shards, as in
     * training.
     */
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
            throw new AssertionError(
                    "shard " + shard + " after step " + step + " is wrong: " + where);
        }
    }

    // ---------------------------------------------------------------- running

    /**
     * Starts everything and delivers until the job is done. {@code disturb} is asked after each
     * delivery.
     */
    void run(Disturbance disturb) {
        for (ModelNode node : nodes) {
            node.handle(new AgentEvent.StreamOpened());
            send(node, new AgentEvent.Welcomed(TERM, 250_000_000L, 10_000_000_000L));
            send(node, new AgentEvent.JobOffered(TERM, job()));
        }
        for (int i = 0; i < MOST_DELIVERIES; i++) {
            if (coordinator.finals.size() == replicas * shards) {
                return;
            }
            if (!deliverOne()) {
                throw new AssertionError(
                        "nothing moves any more: " + coordinator + "; " + describe());
            }
            disturb.maybe(this);
        }
        throw new AssertionError("no end after " + MOST_DELIVERIES + " deliveries: " + describe());
    }

    /** Something that happens now and then. */
    interface Disturbance {
        void maybe(ModelCluster cluster);
    }

    String describe() {
        StringBuilder text = new StringBuilder();
        for (ModelNode node : nodes) {
            text.append(node.peer.key().id())
                    .append(node.alive ? " " : " dead ")
                    .append(node.machine.phase())
                    .append(' ')
                    .append(node.machine.live())
                    .append("; ");
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
        if (coordinator.hasWords()) {
            choices.add(() -> coordinator.hear());
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

    void send(ModelNode node, AgentEvent event) {
        ArrayDeque<AgentEvent> link = toAgent.get(node);
        if (link != null && node.alive) {
            link.add(event);
        }
    }

    private JobSpec job() {
        return new JobSpec(
                JOB,
                "model",
                replicas,
                shards,
                steps,
                1,
                "",
                8,
                replicas * shards,
                copies,
                1,
                0,
                0,
                "runtime",
                "agent",
                "model",
                "{}");
    }

    // ---------------------------------------------------------------- the data plane

    void reduce(ModelNode node, AgentEffect.Reduce reduce) {
        if (node.configuredEpoch != reduce.epoch()) {
            return;
        }
        Map<Integer, AgentEffect.Reduce> parts =
                reducing.computeIfAbsent(key(reduce.epoch(), reduce.step()), k -> new HashMap<>());
        parts.put(node.rank, reduce);
        if (parts.size() == replicas * shards) {
            long floor =
                    parts.values().stream()
                            .mapToLong(AgentEffect.Reduce::acknowledgedStep)
                            .min()
                            .orElseThrow();
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
                                            coordinator.newestFloor =
                                                    Math.max(coordinator.newestFloor, floor);
                                            member.inbox.add(
                                                    new AgentEvent.Reduced(
                                                            reduce.epoch(),
                                                            reduce.step(),
                                                            1,
                                                            floor,
                                                            new long[replicas * shards]));
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
        Map<Integer, Long> parts =
                gathering.computeIfAbsent(key(gather.epoch(), gather.step()), k -> new HashMap<>());
        parts.put(node.rank, node.parameters[node.rank % shards]);
        int row = node.rank / shards;
        for (int s = 0; s < shards; s++) {
            if (!parts.containsKey(row * shards + s)) {
                return;
            }
        }
        for (ModelNode member : nodes) {
            if (member.alive
                    && member.configuredEpoch == gather.epoch()
                    && member.rank / shards == row) {
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
                                        member.inbox.add(
                                                new AgentEvent.Gathered(
                                                        gather.epoch(), gather.step()));
                                    }
                                }));
            }
        }
    }

    private static long key(long epoch, long step) {
        return epoch * 1_000_000 + step;
    }

    @Nullable ModelNode node(AgentKey key) {
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
                            boolean good =
                                    to.alive
                                            && source != null
                                            && source.committed
                                            && push.state().equals(source.name);
                            SlotRef slot = good ? take(to, push) : null;
                            ModelNode.Cell target = slot == null ? null : to.cell(slot);
                            if (source == null || slot == null || target == null) {
                                from.inbox.add(
                                        new AgentEvent.CopyPushed(
                                                push.state(),
                                                push.holder().key(),
                                                false,
                                                "refused"));
                                return;
                            }
                            target.free();
                            target.writing = true;
                            long hash = source.hash;
                            transfers.add(
                                    new Transfer(
                                            from,
                                            to,
                                            push.slot(),
                                            slot,
                                            () -> arrived(from, to, push, slot, target, hash)));
                        }));
    }

    private static @Nullable SlotRef take(ModelNode to, AgentEffect.PushCopy push) {
        HeldCopies.Admission admission = to.held.admit(push.state(), push.terms());
        for (HeldCopies.Dropped dropped : admission.dropped()) {
            ModelNode.Cell cell = to.cell(dropped.slot());
            if (cell != null) {
                cell.free();
            }
            to.inbox.add(new AgentEvent.CopyDropped(dropped.name(), dropped.slot()));
        }
        return admission.slot();
    }

    private void arrived(
            ModelNode from,
            ModelNode to,
            AgentEffect.PushCopy push,
            SlotRef slot,
            ModelNode.Cell target,
            long hash) {
        boolean kept = to.alive && target.writing && to.held.received(push.state(), slot);
        if (kept) {
            target.writing = false;
            target.committed = true;
            target.name = push.state();
            target.hash = hash;
            to.inbox.add(
                    new AgentEvent.CopyReceived(
                            push.state(),
                            slot,
                            ModelNode.digest(hash),
                            8,
                            push.terms().floor(),
                            push.terms().placementVersion()));
        }
        from.inbox.add(
                new AgentEvent.CopyPushed(
                        push.state(), push.holder().key(), kept, kept ? "" : "gone"));
    }

    boolean isRead(ModelNode node, SlotRef slot) {
        return transfers.stream()
                .anyMatch(transfer -> transfer.from() == node && slot.equals(transfer.source()));
    }

    void cancel(ModelNode node, SlotRef slot) {
        for (Transfer transfer : List.copyOf(transfers)) {
            if (transfer.from() == node && slot.equals(transfer.source())) {
                // Let it run to its end at once: a cancelled transfer that was done a moment before
                // is one of the cases.
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
                            ModelNode.Cell source =
                                    donor == null || !donor.alive
                                            ? null
                                            : donor.find(fetch.state());
                            ModelNode.Cell target = to.cell(fetch.destination());
                            if (source == null || target == null) {
                                to.inbox.add(
                                        new AgentEvent.StateFetched(
                                                fetch.state(),
                                                fetch.destination(),
                                                false,
                                                "not here",
                                                Digest.NONE,
                                                0));
                                return;
                            }
                            if (target.committed) {
                                throw new AssertionError(
                                        to.peer.key()
                                                + " fetches into "
                                                + fetch.destination()
                                                + ", which holds "
                                                + target.name);
                            }
                            target.name = fetch.state();
                            target.hash = source.hash;
                            target.committed = true;
                            to.inbox.add(
                                    new AgentEvent.StateFetched(
                                            fetch.state(),
                                            fetch.destination(),
                                            true,
                                            "",
                                            ModelNode.digest(source.hash),
                                            8));
                        }));
    }
}
