package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.app.DataPort;
import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.View;
import io.coxswain.chaos.simulation.invariant.Invariant;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.network.Network;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.core.view.MicroshardCut;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * One agent's data plane at the level of its effects: reductions and gathers that end when every
 * rank's part is in, and copies. What comes early is kept until its view is configured.
 */
final class DataEnd implements DataPort {
    private static final int KEPT_FOR_RESENDING = 2;

    private final DataPlane plane;
    private final SimAgent agent;
    private final Transfers transfers;
    private final int index;
    private final TreeMap<Of, TreeMap<Long, Part[]>> parts = new TreeMap<>();
    private final TreeMap<Of, TreeMap<Long, Piece[]>> pieces = new TreeMap<>();
    private final ArrayDeque<Part> sentParts = new ArrayDeque<>();
    private final ArrayDeque<Piece> sentPieces = new ArrayDeque<>();
    private final TreeSet<Integer> accused = new TreeSet<>();
    private AgentEffect.@Nullable ConfigureCollective view;
    private final TreeSet<String> formerJobs = new TreeSet<>();
    private String fencedJob = "";
    private long fencedBelow;
    private long reducing = -1;
    private long gathering = -1;

    /** A view of a job: epochs count within a job. */
    private record Of(String jobId, long epoch) implements Comparable<Of> {
        @Override
        public int compareTo(Of other) {
            int byJob = jobId.compareTo(other.jobId);
            return byJob != 0 ? byJob : Long.compare(epoch, other.epoch);
        }
    }

    private record Part(
            AgentKey sender,
            String jobId,
            int rank,
            long epoch,
            long step,
            int from,
            int to,
            long sum,
            double loss,
            long acknowledged,
            long executeNanos) {}

    private record Piece(
            AgentKey sender, String jobId, int rank, long epoch, long step, long parameters) {}

    DataEnd(DataPlane plane, SimAgent agent, AgentMemory memory, int index) {
        this.plane = plane;
        this.agent = agent;
        this.index = index;
        this.transfers = new Transfers(plane, this, memory);
    }

    SimAgent agent() {
        return agent;
    }

    Network network() {
        return plane.network();
    }

    int index() {
        return index;
    }

    Transfers transfers() {
        return transfers;
    }

    int kept() {
        return parts.size() + pieces.size() + transfers.kept();
    }

    private void tell(long delay, String label, AgentEvent event) {
        plane.kernel().after(delay, label, () -> agent.deliver(() -> agent.post(event)));
    }

    // ---------------------------------------------------------------- views

    private boolean refuses(String jobId, long epoch) {
        return jobId.equals(fencedJob) ? epoch < fencedBelow : formerJobs.contains(jobId);
    }

    @Override
    public void fence(AgentEffect.FenceData fence) {
        agent.called();
        transfers.fence();
        raise(fence.jobId(), fence.belowEpoch());
        tell(plane.soon() / 10, "fenced", new AgentEvent.DataFenced(fence.belowEpoch()));
    }

    private void raise(String jobId, long below) {
        if (!jobId.equals(fencedJob)) {
            formerJobs.add(fencedJob);
            formerJobs.remove(jobId);
            fencedJob = jobId;
            fencedBelow = below;
        } else {
            fencedBelow = Math.max(fencedBelow, below);
        }
        parts.keySet().removeIf(of -> refuses(of.jobId(), of.epoch()));
        pieces.keySet().removeIf(of -> refuses(of.jobId(), of.epoch()));
        var current = view;
        if (current != null && refuses(current.view().jobId(), current.view().epoch())) {
            view = null;
            reducing = -1;
            gathering = -1;
            sentParts.clear();
            sentPieces.clear();
        }
    }

    @Override
    public void configure(AgentEffect.ConfigureCollective newView) {
        agent.called();
        View next = newView.view();
        raise(next.jobId(), next.epoch());
        view = newView;
        reducing = -1;
        gathering = -1;
        accused.clear();
        sentParts.clear();
        sentPieces.clear();
    }

    private AgentEffect.@Nullable ConfigureCollective of(long epoch) {
        var current = view;
        return current != null && current.view().epoch() == epoch ? current : null;
    }

    private Arena.@Nullable File region() {
        var current = view;
        return current == null ? null : agent.arena().file(current.region());
    }

    // ---------------------------------------------------------------- reduce

    @Override
    public void reduce(AgentEffect.Reduce reduce) {
        agent.called();
        var current = of(reduce.epoch());
        Arena.File region = region();
        if (current == null || region == null) {
            return;
        }
        View of = current.view();
        var cut = new MicroshardCut(current.job().microshards(), of.ranks());
        double loss = 0;
        for (float each : reduce.microshardLosses()) {
            loss += each;
        }
        var part =
                new Part(
                        agent.peer().key(),
                        of.jobId(),
                        current.rank(),
                        reduce.epoch(),
                        reduce.step(),
                        cut.from(current.rank()),
                        cut.to(current.rank()),
                        region.reduced(),
                        loss,
                        reduce.acknowledgedStep(),
                        reduce.executeNanos());
        reducing = reduce.step();
        keep(sentParts, part);
        take(part);
        for (int rank = 0; rank < of.ranks(); rank++) {
            if (rank != current.rank()) {
                send(of, rank, part);
            }
        }
    }

    private static <T> void keep(ArrayDeque<T> sent, T newest) {
        if (sent.size() == KEPT_FOR_RESENDING) {
            sent.removeFirst();
        }
        sent.addLast(newest);
    }

    private void send(View of, int rank, Part part) {
        DataEnd to = reach(of, rank);
        if (to != null) {
            plane.sendChecked(this, to, "part", () -> to.take(part));
        }
    }

    private @Nullable DataEnd reach(View of, int rank) {
        Peer peer = of.members().get(rank);
        DataEnd to = plane.find(peer.key());
        if (to == null) {
            DataEnd former = plane.former(peer.key());
            boolean silent = former != null && former.agent.diedSilently();
            plane.kernel()
                    .after(
                            silent ? DataPlane.STALL_NANOS : plane.soon(),
                            "unreachable",
                            () -> agent.deliver(() -> peerGone(peer.key())));
            return null;
        }
        if (!plane.passes(this, to)) {
            plane.kernel()
                    .after(
                            DataPlane.STALL_NANOS,
                            "stalled",
                            () -> {
                                if (!plane.passes(this, to)) {
                                    agent.deliver(() -> peerGone(peer.key()));
                                }
                            });
        }
        return to;
    }

    private void take(Part part) {
        plane.kernel().trace().content(part);
        if (refuses(part.jobId(), part.epoch())) {
            return;
        }
        TreeMap<Long, Part[]> steps =
                parts.computeIfAbsent(new Of(part.jobId(), part.epoch()), _ -> new TreeMap<>());
        Part[] all = steps.computeIfAbsent(part.step(), _ -> new Part[part.rank() + 1]);
        if (all.length <= part.rank()) {
            all = Arrays.copyOf(all, part.rank() + 1);
            steps.put(part.step(), all);
        }
        if (all[part.rank()] == null) {
            all[part.rank()] = part;
        }
        reduceIfWhole(part.jobId(), part.epoch(), part.step());
    }

    private void reduceIfWhole(String jobId, long epoch, long step) {
        var current = of(epoch);
        if (current == null || reducing != step || !current.view().jobId().equals(jobId)) {
            return;
        }
        View of = current.view();
        TreeMap<Long, Part[]> steps = parts.get(new Of(jobId, epoch));
        Part[] all = steps == null ? null : steps.get(step);
        if (steps == null || all == null || all.length < of.ranks()) {
            return;
        }
        for (Part part : all) {
            if (part == null) {
                return;
            }
        }
        steps.headMap(step, true).clear();
        reducing = -1;
        Arena.File region = region();
        long sum = 0;
        double loss = 0;
        long floor = Long.MAX_VALUE;
        long[] nanos = new long[of.ranks()];
        var told = new ArrayList<Invariant.Part>();
        for (Part part : all) {
            sum += part.sum();
            loss += part.loss();
            floor = Math.min(floor, part.acknowledged());
            nanos[part.rank()] = part.executeNanos();
            told.add(
                    new Invariant.Part(
                            Wire.key(part.sender()),
                            part.rank(),
                            part.epoch(),
                            part.from(),
                            part.to()));
        }
        if (region != null) {
            region.reduced(sum);
        }
        JobHistory job = agent.facts().job(of.jobId());
        if (job != null) {
            agent.facts().reduced(job, epoch, current.rank(), step, told, floor);
        }
        post(epoch, new AgentEvent.Reduced(epoch, step, loss, floor, nanos));
    }

    // Callbacks of a view that was fenced meanwhile never come.
    private void post(long epoch, AgentEvent event) {
        plane.kernel()
                .after(
                        20_000,
                        "collective",
                        () ->
                                agent.deliver(() -> {
                                    if (of(epoch) != null) {
                                        agent.post(event);
                                    }
                                }));
    }

    // ---------------------------------------------------------------- gather

    @Override
    public void gather(AgentEffect.Gather gather) {
        agent.called();
        var current = of(gather.epoch());
        Arena.File region = region();
        if (current == null || region == null) {
            return;
        }
        View of = current.view();
        int shard = of.shardOf(current.rank());
        var piece =
                new Piece(
                        agent.peer().key(),
                        of.jobId(),
                        current.rank(),
                        gather.epoch(),
                        gather.step(),
                        region.parameters()[shard]);
        gathering = gather.step();
        keep(sentPieces, piece);
        take(piece);
        int row = current.rank() / of.shards();
        for (int s = 0; s < of.shards(); s++) {
            int rank = row * of.shards() + s;
            if (rank != current.rank()) {
                send(of, rank, piece);
            }
        }
    }

    private void send(View of, int rank, Piece piece) {
        DataEnd to = reach(of, rank);
        if (to != null) {
            plane.sendChecked(this, to, "piece", () -> to.take(piece));
        }
    }

    private void take(Piece piece) {
        plane.kernel().trace().content(piece);
        if (refuses(piece.jobId(), piece.epoch())) {
            return;
        }
        TreeMap<Long, Piece[]> steps =
                pieces.computeIfAbsent(new Of(piece.jobId(), piece.epoch()), _ -> new TreeMap<>());
        Piece[] all = steps.computeIfAbsent(piece.step(), _ -> new Piece[piece.rank() + 1]);
        if (all.length <= piece.rank()) {
            all = Arrays.copyOf(all, piece.rank() + 1);
            steps.put(piece.step(), all);
        }
        if (all[piece.rank()] == null) {
            all[piece.rank()] = piece;
        }
        gatherIfWhole(piece.jobId(), piece.epoch(), piece.step());
    }

    private void gatherIfWhole(String jobId, long epoch, long step) {
        var current = of(epoch);
        if (current == null || gathering != step || !current.view().jobId().equals(jobId)) {
            return;
        }
        View of = current.view();
        int first = current.rank() / of.shards() * of.shards();
        TreeMap<Long, Piece[]> steps = pieces.get(new Of(jobId, epoch));
        Piece[] all = steps == null ? null : steps.get(step);
        if (steps == null || all == null || all.length < first + of.shards()) {
            return;
        }
        for (int s = 0; s < of.shards(); s++) {
            if (all[first + s] == null) {
                return;
            }
        }
        Arena.File region = region();
        for (int s = 0; s < of.shards() && region != null; s++) {
            Piece piece = all[first + s];
            if (piece != null) {
                region.parameters()[s] = piece.parameters();
            }
        }
        steps.headMap(step, true).clear();
        gathering = -1;
        JobHistory job = agent.facts().job(of.jobId());
        if (job != null) {
            agent.facts().gathered(job, epoch, current.rank(), step);
        }
        post(epoch, new AgentEvent.Gathered(epoch, step));
    }

    @Override
    public List<Integer> waitingForRanks() {
        var current = view;
        var missing = new ArrayList<Integer>();
        if (current == null) {
            return missing;
        }
        View of = current.view();
        if (reducing >= 0) {
            TreeMap<Long, Part[]> steps = parts.get(new Of(of.jobId(), of.epoch()));
            Part[] all = steps == null ? null : steps.get(reducing);
            for (int rank = 0; rank < of.ranks(); rank++) {
                if (all == null || rank >= all.length || all[rank] == null) {
                    missing.add(rank);
                }
            }
        } else if (gathering >= 0) {
            TreeMap<Long, Piece[]> steps = pieces.get(new Of(of.jobId(), of.epoch()));
            Piece[] all = steps == null ? null : steps.get(gathering);
            int first = current.rank() / of.shards() * of.shards();
            for (int rank = first; rank < first + of.shards(); rank++) {
                if (all == null || rank >= all.length || all[rank] == null) {
                    missing.add(rank);
                }
            }
        }
        missing.remove(Integer.valueOf(current.rank()));
        return missing;
    }

    // ---------------------------------------------------------------- peers

    /** That peer cannot be reached: told once per view. */
    void peerGone(AgentKey key) {
        var current = view;
        if (current == null) {
            return;
        }
        for (int rank = 0; rank < current.view().ranks(); rank++) {
            if (current.view().members().get(rank).key().equals(key) && accused.add(rank)) {
                agent.post(new AgentEvent.PeerLost(current.view().epoch(), rank, "unreachable"));
            }
        }
    }

    /** The connection to that peer broke. */
    void broken(DataEnd peer) {
        transfers.broken(peer);
    }

    /** The connection is back: what the peer may lack is sent again. */
    void resend(DataEnd peer) {
        var current = view;
        if (current == null || !agent.isAlive() || !peer.agent.isAlive()) {
            return;
        }
        for (int rank = 0; rank < current.view().ranks(); rank++) {
            if (current.view().members().get(rank).key().equals(peer.agent.peer().key())) {
                for (Part part : List.copyOf(sentParts)) {
                    send(current.view(), rank, part);
                }
                for (Piece piece : List.copyOf(sentPieces)) {
                    send(current.view(), rank, piece);
                }
            }
        }
    }

    void die(boolean told) {
        transfers.die();
        plane.died(this, told);
        parts.clear();
        pieces.clear();
        view = null;
    }

    // ---------------------------------------------------------------- copies

    @Override
    public void push(AgentEffect.PushCopy push) {
        agent.called();
        transfers.push(push);
    }

    @Override
    public void cancelPushes(SlotRef slot) {
        agent.called();
        transfers.cancel(slot::equals, "its snapshot is not needed any more");
    }

    @Override
    public void fetch(AgentEffect.FetchState fetch) {
        agent.called();
        transfers.fetch(fetch);
    }

    void cancel(Predicate<SlotRef> slots, String reason) {
        transfers.cancel(slots, reason);
    }
}
