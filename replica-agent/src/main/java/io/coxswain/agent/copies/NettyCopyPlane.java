package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.FrameHandler;
import io.coxswain.agent.transfer.Lane;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.coxswain.proto.replica.v1.FrameHeader;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Copies over the data plane. All state is confined to the thread of the plane's lane for copies.
 */
public final class NettyCopyPlane implements CopyPlane {
    private static final long WATCH_NANOS = 250_000_000L;
    private static final long POSTPONE_NANOS = 20_000_000L;
    private static final int MOST_POSTPONED = 100;
    private static final int MOST_WAITING_STRANGERS = 256;
    static final String NO_MEMBER =
            "the view of this agent does not name its sender as one of this shard's";

    /** States that are being given away, to all peers and to one of them. */
    private static final int MOST_GIVING = 256;

    private static final int MOST_GIVING_TO_ONE = 64;

    private final Lane lane;
    private final Listener listener;
    private final SlotLookup lookup;
    private final Intake intake;
    private final Pace pace;
    private final Members members;
    private final TableDesk tables;

    // Confined to the lane's thread.
    private final Map<AgentKey, CopyPeer> peers = new HashMap<>();
    private final Set<SlotStream> streams = new HashSet<>();
    private final Set<Incoming> incoming = new HashSet<>();
    private final List<QuietWait> quietWaits = new ArrayList<>();
    private int waitingStrangers;
    private long lastTransfer;
    private boolean watching;
    private boolean closed;

    /**
     * Serves the plane's copies; before the plane is started.
     *
     * @param collectiveBusy true while gradients are on their way: pushes hold back then
     */
    public NettyCopyPlane(
            NettyDataPlane plane,
            Listener listener,
            SlotLookup lookup,
            Intake intake,
            BooleanSupplier collectiveBusy) {
        this(plane, listener, lookup, intake, collectiveBusy, Members.ANYBODY);
    }

    /**
     * The same for peers that must belong to the view.
     *
     * @param members who may bring copies of which states and fetch them now
     */
    public NettyCopyPlane(
            NettyDataPlane plane,
            Listener listener,
            SlotLookup lookup,
            Intake intake,
            BooleanSupplier collectiveBusy,
            Members members) {
        this.members = members;
        this.tables = new TableDesk(members, intake, this::asked, this::copyBegins);
        this.lane = plane.copies();
        this.listener = listener;
        this.lookup = lookup;
        this.intake = intake;
        this.pace = new Pace(lane.settings().copyBytesPerSecond(), collectiveBusy);
        lane.serve(new Frames());
    }

    @Override
    public void push(PushRequest request) {
        if (!lane.execute(
                () -> {
                    if (closed) {
                        pushed(request, "the data plane is closed");
                    } else {
                        peer(request.holder()).push(request);
                    }
                })) {
            listener.pushed(request, false, "the data plane is closed");
        }
    }

    @Override
    public void fetch(FetchRequest request) {
        if (!lane.execute(
                () -> {
                    if (closed) {
                        fetched(request, "the data plane is closed", 0);
                    } else {
                        peer(request.donor()).fetch(request);
                    }
                })) {
            listener.fetched(request, false, "the data plane is closed", 0);
        }
    }

    @Override
    public void forget(AgentKey key, String reason) {
        lane.execute(() -> {
            CopyPeer peer = peers.remove(key);
            if (peer != null) {
                peer.end(reason);
            }
            for (Connection connection : lane.connections()) {
                if (connection.peer().equals(key)) {
                    connection.close(reason);
                }
            }
        });
    }

    @Override
    public CompletionStage<Void> cancel(Predicate<Slot> slots, String reason) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        boolean runs =
                lane.execute(() -> {
                    List.copyOf(peers.values()).forEach(peer -> peer.cancel(slots, reason));
                    List<SlotStream> used =
                            streams.stream().filter(stream -> slots.test(stream.slot())).toList();
                    used.forEach(stream -> stream.connection().close(reason));
                    for (Incoming transfer : List.copyOf(incoming)) {
                        if (slots.test(transfer.receiver.slot())) {
                            transfer.connection.close(reason);
                        }
                    }
                    quietWaits.add(new QuietWait(used, done));
                    settle();
                });
        if (!runs) {
            done.complete(null);
        }
        return done;
    }

    @Override
    public void close() {
        lane.execute(() -> {
            closed = true;
            List<CopyPeer> all = List.copyOf(peers.values());
            peers.clear();
            all.forEach(peer -> peer.end("the data plane is closed"));
            lane.connections().forEach(connection -> connection.close("the data plane is closed"));
        });
    }

    // What the parts of this plane use, on the lane's thread.

    void pushed(PushRequest request, String reason) {
        listener.pushed(request, reason.isEmpty(), reason);
    }

    void fetched(FetchRequest request, String reason, long bytes) {
        listener.fetched(request, reason.isEmpty(), reason, bytes);
    }

    void forgotten(CopyPeer peer) {
        peers.remove(peer.peer().key(), peer);
    }

    long nextTransfer() {
        return ++lastTransfer;
    }

    Pace pace() {
        return pace;
    }

    Set<SlotStream> streams() {
        return streams;
    }

    /** Some stream's memory is free. */
    void settle() {
        List<QuietWait> over =
                quietWaits.stream()
                        .filter(wait -> wait.used.stream().noneMatch(SlotStream::memoryInUse))
                        .toList();
        quietWaits.removeAll(over);
        over.forEach(wait -> wait.done.complete(null));
        streams.removeIf(stream -> stream.ended() && !stream.memoryInUse());
    }

    /** Looks after transfers that may stall, while there are any. */
    void watch() {
        if (watching || closed) {
            return;
        }
        watching = true;
        lane.schedule(
                () -> {
                    watching = false;
                    long now = System.nanoTime();
                    long stallNanos = lane.settings().stallNanos();
                    boolean more = !incoming.isEmpty();
                    for (CopyPeer peer : List.copyOf(peers.values())) {
                        peer.checkProgress(now, stallNanos);
                        more |= peer.busy();
                    }
                    for (Incoming transfer : List.copyOf(incoming)) {
                        if (now - transfer.receiver.progressNanos() > stallNanos) {
                            transfer.connection.close(
                                    "no progress for %d ms".formatted(stallNanos / 1_000_000));
                        }
                    }
                    if (more) {
                        watch();
                    }
                },
                WATCH_NANOS);
    }

    private CopyPeer peer(Peer wanted) {
        CopyPeer peer = peers.get(wanted.key());
        if (peer != null && !peer.peer().equals(wanted)) {
            peers.remove(wanted.key());
            peer.end("%s is now reached at %s".formatted(wanted.key(), wanted.endpoint()));
            peer = null;
        }
        if (peer == null) {
            peer = new CopyPeer(this, lane, wanted);
            peers.put(wanted.key(), peer);
        }
        return peer;
    }

    private int asked(AgentKey donor, long transfer) {
        CopyPeer peer = peers.get(donor);
        return peer == null ? 0 : peer.mostTableBytes(transfer);
    }

    private void copyBegins(Connection connection, CopyBegin begin, byte[] table) {
        SlotTable.Meta meta = SlotReceiver.table(begin, table);
        if (!connection.incoming()) {
            CopyPeer peer = peers.get(connection.peer());
            if (peer != null) {
                peer.begun(begin.getTransferId(), meta);
            }
            return;
        }
        StateName state = CopyFrames.decode(begin.getState());
        long transfer = begin.getTransferId();
        if (transfers(connection).taking.containsKey(transfer)) {
            throw new ProtocolViolation(
                    "transfer %d of %s begins twice".formatted(transfer, connection.peer()));
        }
        Slot slot = intake.slotFor(state, CopyFrames.terms(begin), meta);
        if (slot == null) {
            refuse(connection, state, transfer, "this agent does not hold it or has no room");
            return;
        }
        Incoming taken;
        try {
            taken = new Incoming(connection, begin, state, meta, slot);
        } catch (IllegalArgumentException | IllegalStateException e) {
            String reason = "the slot cannot take it: " + e.getMessage();
            intake.damaged(state, slot, reason);
            refuse(connection, state, transfer, reason);
            return;
        }
        incoming.add(taken);
        transfers(connection).taking.put(transfer, taken);
        watch();
    }

    private static void refuse(
            Connection connection, StateName state, long transfer, String reason) {
        connection.send(CopyFrames.verdict(state, transfer, CopyFrames.REFUSED + reason));
    }

    /**
     * The order that makes a peer a member may still be on its way here: then the request waits.
     */
    private void serve(
            Connection connection,
            io.coxswain.proto.replica.v1.FetchRequest request,
            int postponed) {
        StateName state = CopyFrames.decode(request.getState());
        long transfer = request.getTransferId();
        if (!members.admit(connection.peer(), state)) {
            if (postponed == MOST_POSTPONED || waitingStrangers >= MOST_WAITING_STRANGERS) {
                connection.send(CopyFrames.refused(state, transfer, NO_MEMBER));
                return;
            }
            waitingStrangers++;
            lane.schedule(
                    () -> {
                        waitingStrangers--;
                        if (connection.alive()) {
                            serve(connection, request, postponed + 1);
                        }
                    },
                    POSTPONE_NANOS);
            return;
        }
        if (streams.size() >= MOST_GIVING || givenTo(connection.peer()) >= MOST_GIVING_TO_ONE) {
            connection.send(
                    CopyFrames.refused(
                            state, transfer, "this agent gives too many states away already"));
            return;
        }
        Digest wanted = Digest.of(request.getDigest().toByteArray());
        Slot slot = lookup.committed(state);
        if (slot == null) {
            connection.send(
                    CopyFrames.refused(state, transfer, "this agent has no %s".formatted(state)));
            return;
        }
        Serving serving = new Serving(connection, state, transfer);
        SlotStream stream;
        String reason;
        try {
            stream = new SlotStream(lane, connection, transfer, state, slot, null, serving);
            reason = SlotStream.mismatch(state, stream.table().meta());
            Digest actual = Digest.of(stream.table().digest());
            if (reason.isEmpty() && !actual.agreesWith(wanted)) {
                reason = "its digest is %s, wanted is %s".formatted(actual, wanted);
            }
        } catch (IllegalStateException e) {
            connection.send(
                    CopyFrames.refused(state, transfer, "it cannot be read: " + e.getMessage()));
            return;
        }
        if (!reason.isEmpty()) {
            connection.send(CopyFrames.refused(state, transfer, reason));
            return;
        }
        streams.add(stream);
        transfers(connection).giving.add(stream);
        stream.start(null);
    }

    private long givenTo(AgentKey peer) {
        return streams.stream().filter(stream -> stream.connection().peer().equals(peer)).count();
    }

    private static Transfers transfers(Connection connection) {
        if (connection.attachment() instanceof Transfers transfers) {
            return transfers;
        }
        Transfers fresh = new Transfers();
        connection.attachment(fresh);
        return fresh;
    }

    /** Somebody waits until these streams' memory is free. */
    private record QuietWait(List<SlotStream> used, CompletableFuture<Void> done) {}

    /** What is under way on a connection that a peer has made. */
    private static final class Transfers {
        private final Map<Long, Incoming> taking = new HashMap<>();
        private final Set<SlotStream> giving = new HashSet<>();
    }

    /** A push that is coming in. */
    private final class Incoming implements SlotReceiver.Listener {
        private final Connection connection;
        private final StateName state;
        private final Slot slot;
        private final long transfer;
        private final long placementVersion;
        private final SlotReceiver receiver;

        Incoming(
                Connection connection,
                CopyBegin begin,
                StateName state,
                SlotTable.Meta meta,
                Slot slot) {
            this.connection = connection;
            this.state = state;
            this.slot = slot;
            this.transfer = begin.getTransferId();
            this.placementVersion = begin.getPlacementVersion();
            this.receiver = new SlotReceiver(state, meta, slot, Digest.NONE, this);
        }

        @Override
        public void committed(Digest digest) {
            over();
            boolean kept = intake.received(state, slot, digest, placementVersion);
            connection.send(
                    CopyFrames.verdict(
                            state,
                            transfer,
                            kept ? "" : CopyFrames.REFUSED + "it is not wanted any more"));
        }

        @Override
        public void failed(String reason) {
            over();
            intake.damaged(state, slot, reason);
            connection.send(CopyFrames.verdict(state, transfer, reason));
        }

        private void over() {
            incoming.remove(this);
            transfers(connection).taking.remove(transfer);
        }
    }

    /** A fetch that is being served. */
    private final class Serving implements SlotStream.Listener {
        private final Connection connection;
        private final StateName state;
        private final long transfer;

        Serving(Connection connection, StateName state, long transfer) {
            this.connection = connection;
            this.state = state;
            this.transfer = transfer;
        }

        @Override
        public void progress() {}

        @Override
        public void broken(String reason) {
            connection.send(CopyFrames.refused(state, transfer, reason));
            settle();
        }

        @Override
        public void idle() {
            transfers(connection)
                    .giving
                    .removeIf(stream -> !stream.memoryInUse() && stream.ended());
            settle();
        }
    }

    private final class Frames implements FrameHandler {
        @Override
        public void opened(Connection connection) {}

        @Override
        public @Nullable PayloadSink begin(
                Connection connection, FrameHeader header, int payloadBytes) {
            return switch (header.getBodyCase()) {
                case COPY_BEGIN -> {
                    CopyBegin begin = header.getCopyBegin();
                    yield tables.read(connection, begin, payloadBytes);
                }
                case COPY_CHUNK -> chunk(connection, header, payloadBytes);
                case COPY_END -> {
                    ends(connection, header);
                    yield PayloadSink.DISCARD;
                }
                case COPY_VERDICT -> {
                    CopyPeer peer = asker(connection, header);
                    if (peer != null) {
                        peer.verdict(header.getCopyVerdict());
                    }
                    yield PayloadSink.DISCARD;
                }
                case FETCH_REFUSED -> {
                    CopyPeer peer = asker(connection, header);
                    if (peer != null) {
                        peer.refused(header.getFetchRefused());
                    }
                    yield PayloadSink.DISCARD;
                }
                case FETCH_REQUEST -> {
                    if (!connection.incoming()) {
                        throw misplaced(header);
                    }
                    serve(connection, header.getFetchRequest(), 0);
                    yield PayloadSink.DISCARD;
                }
                case HELLO, HELLO_REPLY, CONTRIBUTION, PARAMETER_SHARD, BODY_NOT_SET ->
                        throw misplaced(header);
            };
        }

        @Override
        public void closed(Connection connection, String reason) {
            if (connection.attachment() instanceof Transfers transfers) {
                List.copyOf(transfers.taking.values())
                        .forEach(taken -> taken.receiver.fail(reason));
                List.copyOf(transfers.giving).forEach(SlotStream::cancel);
                settle();
            }
        }

        private PayloadSink chunk(Connection connection, FrameHeader header, int payloadBytes) {
            if (connection.incoming()) {
                Incoming taken =
                        transfers(connection).taking.get(header.getCopyChunk().getTransferId());
                return taken == null
                        ? PayloadSink.DISCARD
                        : taken.receiver.chunk(header.getCopyChunk(), payloadBytes);
            }
            CopyPeer peer = peers.get(connection.peer());
            return peer == null
                    ? PayloadSink.DISCARD
                    : peer.chunk(header.getCopyChunk(), payloadBytes);
        }

        private void ends(Connection connection, FrameHeader header) {
            if (connection.incoming()) {
                Incoming taken =
                        transfers(connection).taking.get(header.getCopyEnd().getTransferId());
                if (taken != null) {
                    taken.receiver.end(header.getCopyEnd());
                }
            } else {
                CopyPeer peer = peers.get(connection.peer());
                if (peer != null) {
                    peer.ended(header.getCopyEnd());
                }
            }
        }

        private @Nullable CopyPeer asker(Connection connection, FrameHeader header) {
            if (connection.incoming()) {
                throw misplaced(header);
            }
            return peers.get(connection.peer());
        }

        private ProtocolViolation misplaced(FrameHeader header) {
            return new ProtocolViolation(
                    "%s does not belong here on a connection for copies"
                            .formatted(header.getBodyCase()));
        }
    }
}
