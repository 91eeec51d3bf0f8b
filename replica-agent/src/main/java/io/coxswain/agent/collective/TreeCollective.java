package io.coxswain.agent.collective;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.FrameHandler;
import io.coxswain.agent.transfer.Lane;
import io.coxswain.agent.transfer.Link;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.proto.replica.v1.FrameHeader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The collectives over the data plane, with sums in the fixed tree of {@link MicroshardTree}.
 *
 * <p>All state is confined to the thread of the plane's lane for collectives; sums of long
 * stretches are made on one further thread. What a peer sends early (it is a step ahead, or in a
 * view that this agent has not entered yet) is kept, up to a bound; beyond it that peer's
 * connection is not read. What comes twice, or from an older view, is dropped.
 */
public final class TreeCollective implements Collective {
    private static final Logger log = LoggerFactory.getLogger(TreeCollective.class);
    private static final long IDLE_THREAD_SECONDS = 10;

    private final Lane lane;
    private final Listener listener;
    private final Parking parking;
    private final ExecutorService summer;

    /** Held while the listener is called, so that {@link #abort} can promise silence. */
    private final Object telling = new Object();

    private final Fence promised = new Fence();
    private boolean silent;
    private volatile @Nullable ViewWork published;

    // Confined to the lane's thread.
    private final Map<AgentKey, Member> members = new HashMap<>();
    private final List<ViewWork> leaving = new ArrayList<>();
    private @Nullable ViewWork current;
    private final Fence fence = new Fence();
    private boolean closed;

    /** Serves the plane's collectives; before the plane is started. */
    public TreeCollective(NettyDataPlane plane, Listener listener) {
        this.lane = plane.collectives();
        this.listener = listener;
        this.parking = new Parking(lane, this::accept);
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(
                        1,
                        1,
                        IDLE_THREAD_SECONDS,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform()
                                .daemon()
                                .name("coxswain-sum-" + plane.self().id())
                                .factory());
        executor.allowCoreThreadTimeOut(true);
        this.summer = executor;
        lane.serve(new Frames());
    }

    @Override
    public void configure(CollectiveView view) {
        synchronized (telling) {
            promised.raise(view.jobId(), view.epoch());
        }
        lane.execute(() -> enter(view));
    }

    @Override
    public void reduce(
            long epoch,
            long step,
            float[] microshardLosses,
            long acknowledgedStep,
            long executeNanos) {
        lane.execute(() -> {
            ViewWork work = of(epoch);
            if (work != null
                    && work.reduction()
                            .begin(step, microshardLosses, acknowledgedStep, executeNanos)) {
                unpark();
            }
        });
    }

    @Override
    public void gather(long epoch, long step) {
        lane.execute(() -> {
            ViewWork work = of(epoch);
            if (work != null && work.gathering().begin(step)) {
                unpark();
            }
        });
    }

    @Override
    public CompletionStage<Void> abort(String jobId, long belowEpoch) {
        synchronized (telling) {
            promised.raise(jobId, belowEpoch);
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (!lane.execute(() -> leave(jobId, belowEpoch, done))) {
            done.complete(null);
        }
        return done;
    }

    @Override
    public Set<Integer> waitingForRanks() {
        ViewWork work = published;
        AtomicIntegerArray missing = work == null ? null : work.missing();
        if (work == null || missing == null) {
            return Set.of();
        }
        Set<Integer> ranks = new TreeSet<>();
        for (int rank = 0; rank < missing.length(); rank++) {
            if (rank != work.view().rank() && missing.get(rank) > 0) {
                ranks.add(rank);
            }
        }
        return ranks;
    }

    @Override
    public boolean busy() {
        ViewWork work = published;
        return work != null && work.missing() != null;
    }

    @Override
    public void close() {
        synchronized (telling) {
            silent = true;
        }
        lane.execute(() -> {
            closed = true;
            drop(new CompletableFuture<>());
            members.values().forEach(member -> member.link.close());
            members.clear();
            summer.shutdown();
        });
    }

    private @Nullable ViewWork of(long epoch) {
        ViewWork work = current;
        return work != null && work.view().epoch() == epoch ? work : null;
    }

    private void enter(CollectiveView view) {
        ViewWork before = current;
        if (closed
                || !fence.raise(view.jobId(), view.epoch())
                || fence.refuses(view.jobId(), view.epoch())
                || (before != null
                        && before.view().jobId().equals(view.jobId())
                        && before.view().epoch() == view.epoch())) {
            return;
        }
        drop(new CompletableFuture<>());
        Set<AgentKey> wanted = new HashSet<>();
        @Nullable Link[] links = new @Nullable Link[view.ranks()];
        for (int rank = 0; rank < view.ranks(); rank++) {
            Peer peer = view.members().get(rank);
            if (rank == view.rank()) {
                continue;
            }
            wanted.add(peer.key());
            Member member = members.get(peer.key());
            if (member == null || !member.link.peer().equals(peer)) {
                if (member != null) {
                    member.link.close();
                }
                member = new Member(peer);
                members.put(peer.key(), member);
            }
            member.rank = rank;
            links[rank] = member.link;
        }
        members.values()
                .removeIf(member -> {
                    boolean gone = !wanted.contains(member.link.peer().key());
                    if (gone) {
                        member.link.close();
                    }
                    return gone;
                });
        ViewWork work = new ViewWork(view, lane, summer, links, this::unpark, new Results(view));
        current = work;
        published = work;
        members.values().forEach(member -> member.link.connect());
        unpark();
    }

    private void leave(String jobId, long belowEpoch, CompletableFuture<Void> done) {
        fence.raise(jobId, belowEpoch);
        drop(done);
        unpark();
    }

    /** Drops the view if it is fenced, and waits for the end of all that were dropped. */
    private void drop(CompletableFuture<Void> done) {
        ViewWork work = current;
        if (work != null && (closed || !fence.admits(work.view().jobId(), work.view().epoch()))) {
            current = null;
            published = null;
            leaving.add(work);
        }
        List<ViewWork> open = List.copyOf(leaving);
        int[] left = {open.size()};
        for (ViewWork each : open) {
            each.drop(() -> {
                leaving.remove(each);
                left[0]--;
                if (left[0] == 0) {
                    done.complete(null);
                }
            });
        }
        if (open.isEmpty()) {
            done.complete(null);
        }
    }

    /** Takes up what was kept and can be used now. */
    private void unpark() {
        parking.replay();
    }

    /** Where a frame's payload goes; null if it came too early. */
    private @Nullable PayloadSink accept(AgentKey from, FrameHeader header, int payloadBytes) {
        if (closed || fence.refuses(header.getJobId(), header.getEpoch())) {
            return PayloadSink.DISCARD;
        }
        ViewWork work = current;
        if (work == null
                || !header.getJobId().equals(work.view().jobId())
                || header.getEpoch() != work.view().epoch()) {
            return null;
        }
        CollectiveView view = work.view();
        return switch (header.getBodyCase()) {
            case CONTRIBUTION -> {
                int rank = rank(view, from, header.getContribution().getFromRank());
                yield work.reduction().accept(rank, header.getContribution(), payloadBytes);
            }
            case PARAMETER_SHARD -> {
                int rank = rank(view, from, header.getParameterShard().getFromRank());
                yield work.gathering().accept(rank, header.getParameterShard(), payloadBytes);
            }
            case HELLO,
                    HELLO_REPLY,
                    COPY_BEGIN,
                    COPY_CHUNK,
                    COPY_END,
                    COPY_VERDICT,
                    FETCH_REQUEST,
                    FETCH_REFUSED,
                    BODY_NOT_SET ->
                    throw new ProtocolViolation(
                            "%s does not belong to a collective".formatted(header.getBodyCase()));
        };
    }

    private static int rank(CollectiveView view, AgentKey from, int rank) {
        if (rank < 0
                || rank >= view.ranks()
                || rank == view.rank()
                || !view.members().get(rank).key().equals(from)) {
            throw new ProtocolViolation(
                    "%s speaks as rank %d of view %d, which it is not"
                            .formatted(from, Integer.toUnsignedLong(rank), view.epoch()));
        }
        return rank;
    }

    private void tell(CollectiveView view, Runnable call) {
        synchronized (telling) {
            if (!silent && promised.admits(view.jobId(), view.epoch())) {
                call.run();
            }
        }
    }

    private final class Results implements ViewWork.Results {
        private final CollectiveView view;

        Results(CollectiveView view) {
            this.view = view;
        }

        @Override
        public void reduced(
                long epoch, long step, double lossSum, long floor, long[] executeNanosByRank) {
            tell(view, () -> listener.reduced(epoch, step, lossSum, floor, executeNanosByRank));
        }

        @Override
        public void gathered(long epoch, long step) {
            tell(view, () -> listener.gathered(epoch, step));
        }
    }

    /** A peer that this agent sends to. */
    private final class Member implements Link.Listener {
        private final Link link;
        private int rank;

        Member(Peer peer) {
            this.link = lane.link(peer, this);
        }

        @Override
        public void up(Connection connection) {
            ViewWork work = current;
            if (work != null) {
                work.outbox().resend(rank, connection);
            }
        }

        @Override
        public void down(String reason) {
            log.debug("collective connection to {} is down: {}", link.peer(), reason);
        }

        @Override
        public void unreachable(String detail, int attempt) {
            ViewWork work = current;
            if (work != null && attempt == 1) {
                long epoch = work.view().epoch();
                tell(work.view(), () -> listener.peerUnreachable(epoch, rank, detail));
            }
        }
    }

    private final class Frames implements FrameHandler {
        @Override
        public void opened(Connection connection) {}

        @Override
        public @Nullable PayloadSink begin(
                Connection connection, FrameHeader header, int payloadBytes) {
            if (!connection.incoming()) {
                throw new ProtocolViolation(
                        "%s came on a connection that only carries frames to %s"
                                .formatted(header.getBodyCase(), connection.peer()));
            }
            PayloadSink sink = accept(connection.peer(), header, payloadBytes);
            return sink != null ? sink : parking.park(connection, header, payloadBytes);
        }

        @Override
        public void closed(Connection connection, String reason) {
            parking.forget(connection);
        }
    }
}
