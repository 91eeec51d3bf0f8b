package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.Lane;
import io.coxswain.agent.transfer.Link;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.replica.v1.CopyChunk;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.CopyVerdict;
import io.coxswain.proto.replica.v1.FetchRefused;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What this agent wants of one peer: pushes, one after another, and fetches. It has a connection
 * while there is something to do, and keeps it afterwards until it breaks. Confined to the lane's
 * thread.
 */
final class CopyPeer implements Link.Listener {
    private static final int ATTEMPTS = 2;

    /** A push and how far it is. */
    private static final class Push {
        private final PushRequest request;
        private int attempts;
        private long transfer;
        private @Nullable SlotStream stream;
        private long progressNanos;

        Push(PushRequest request) {
            this.request = request;
        }
    }

    /** A fetch and how far it is. */
    private static final class Fetch {
        private final FetchRequest request;
        private int attempts;
        private long transfer;
        private @Nullable SlotReceiver receiver;
        private long askedNanos;
        private long receivedBytes;

        Fetch(FetchRequest request) {
            this.request = request;
        }
    }

    private final NettyCopyPlane plane;
    private final Lane lane;
    private final Link link;
    private final List<Push> waiting = new ArrayList<>();
    private final List<Fetch> asking = new ArrayList<>();
    private final Map<Long, Fetch> asked = new HashMap<>();
    private @Nullable Push active;
    private boolean gone;

    CopyPeer(NettyCopyPlane plane, Lane lane, Peer peer) {
        this.plane = plane;
        this.lane = lane;
        this.link = lane.link(peer, this);
    }

    Peer peer() {
        return link.peer();
    }

    void push(PushRequest request) {
        StateName state = request.state();
        for (Push older : List.copyOf(waiting)) {
            StateName other = older.request.state();
            if (older.request.droppable()
                    && other.jobId().equals(state.jobId())
                    && other.shard() == state.shard()
                    && other.step() < state.step()) {
                waiting.remove(older);
                plane.pushed(
                        older.request,
                        "superseded by step %d before its turn".formatted(state.step()));
            }
        }
        waiting.add(new Push(request));
        advance();
    }

    void fetch(FetchRequest request) {
        asking.add(new Fetch(request));
        advance();
    }

    /** Fails everything and ends the connection. */
    void end(String reason) {
        gone = true;
        link.close();
        failAll(reason);
    }

    /** Fails the requests that use one of the slots. */
    void cancel(Predicate<Slot> slots, String reason) {
        for (Push push : List.copyOf(waiting)) {
            if (slots.test(push.request.source()) && waiting.remove(push)) {
                plane.pushed(push.request, reason);
            }
        }
        for (Fetch fetch : List.copyOf(asking)) {
            if (slots.test(fetch.request.destination()) && asking.remove(fetch)) {
                plane.fetched(fetch.request, reason, 0);
            }
        }
        Push pushing = active;
        boolean busy = pushing != null && slots.test(pushing.request.source());
        List<Fetch> fetching =
                asked.values().stream()
                        .filter(fetch -> slots.test(fetch.request.destination()))
                        .toList();
        if (pushing != null && busy) {
            pushing.attempts = ATTEMPTS;
        }
        fetching.forEach(fetch -> fetch.attempts = ATTEMPTS);
        Connection connection = link.connection();
        if (connection != null && (busy || !fetching.isEmpty())) {
            // Only the end of the connection ends the use of the memory at once.
            connection.close(reason);
        }
    }

    /** Ends the connection if a transfer makes no progress. */
    void checkProgress(long nowNanos, long stallNanos) {
        Connection connection = link.connection();
        Push pushing = active;
        boolean stalled = pushing != null && nowNanos - pushing.progressNanos > stallNanos;
        for (Fetch fetch : asked.values()) {
            SlotReceiver receiver = fetch.receiver;
            long last = receiver == null ? fetch.askedNanos : receiver.progressNanos();
            stalled |= nowNanos - last > stallNanos;
        }
        if (stalled && connection != null) {
            connection.close("no progress for %d ms".formatted(stallNanos / 1_000_000));
        }
    }

    boolean busy() {
        return active != null || !asked.isEmpty() || !waiting.isEmpty() || !asking.isEmpty();
    }

    @Override
    public void up(Connection connection) {
        advance();
    }

    @Override
    public void down(String reason) {
        Push pushing = active;
        active = null;
        List<Fetch> fetching = List.copyOf(asked.values());
        asked.clear();
        if (pushing != null) {
            cancelStream(pushing);
            retry(pushing, reason);
        }
        for (Fetch fetch : fetching) {
            SlotReceiver receiver = fetch.receiver;
            fetch.receiver = null;
            if (receiver != null) {
                fetch.receivedBytes = receiver.receivedBytes();
                receiver.fail(reason);
            }
            retry(fetch, reason);
        }
        if (!busy() && !gone) {
            gone = true;
            link.close();
            plane.forgotten(this);
        }
    }

    @Override
    public void unreachable(String detail, int attempt) {
        if (attempt >= ATTEMPTS) {
            gone = true;
            link.close();
            plane.forgotten(this);
            failAll(detail);
        }
    }

    void verdict(CopyVerdict verdict) {
        Push pushing = active;
        if (pushing == null || pushing.transfer != verdict.getTransferId()) {
            return;
        }
        active = null;
        cancelStream(pushing);
        if (verdict.getVerified()) {
            plane.pushed(pushing.request, "");
        } else {
            String reason = verdict.getReason().isEmpty() ? "no reason given" : verdict.getReason();
            if (reason.startsWith(CopyFrames.REFUSED)) {
                pushing.attempts = ATTEMPTS;
            }
            retry(pushing, reason);
        }
        advance();
    }

    void refused(FetchRefused refused) {
        Fetch fetch = asked.remove(refused.getTransferId());
        if (fetch != null) {
            String reason = CopyFrames.REFUSED + refused.getReason();
            SlotReceiver receiver = fetch.receiver;
            fetch.receiver = null;
            if (receiver != null) {
                // The donor began and gave up: another attempt may find it whole.
                receiver.fail(reason);
                retry(fetch, reason);
                advance();
            } else {
                plane.fetched(fetch.request, reason, 0);
            }
        }
    }

    /** How long the table of what comes by that transfer may be; 0: nothing was asked for. */
    int mostTableBytes(long transfer) {
        Fetch fetch = asked.get(transfer);
        return fetch == null ? 0 : fetch.request.destination().tableCapacity();
    }

    /** The donor begins to send. */
    void begun(long transfer, SlotTable.Meta meta) {
        Fetch fetch = asked.get(transfer);
        if (fetch == null || fetch.receiver != null) {
            return;
        }
        String mismatch = SlotStream.mismatch(fetch.request.state(), meta);
        if (!mismatch.isEmpty()) {
            asked.remove(transfer);
            plane.fetched(fetch.request, mismatch, 0);
            return;
        }
        try {
            fetch.receiver =
                    new SlotReceiver(
                            fetch.request.state(),
                            meta,
                            fetch.request.destination(),
                            fetch.request.digest(),
                            new Fetched(fetch));
        } catch (IllegalArgumentException | IllegalStateException e) {
            asked.remove(transfer);
            plane.fetched(fetch.request, "the destination cannot take it: " + e.getMessage(), 0);
        }
    }

    PayloadSink chunk(CopyChunk chunk, int payloadBytes) {
        Fetch fetch = asked.get(chunk.getTransferId());
        SlotReceiver receiver = fetch == null ? null : fetch.receiver;
        return receiver == null ? PayloadSink.DISCARD : receiver.chunk(chunk, payloadBytes);
    }

    void ended(CopyEnd end) {
        Fetch fetch = asked.get(end.getTransferId());
        SlotReceiver receiver = fetch == null ? null : fetch.receiver;
        if (receiver != null) {
            receiver.end(end);
        }
    }

    private void advance() {
        Connection connection = link.connection();
        if (gone) {
            return;
        }
        if (connection == null) {
            if (busy()) {
                link.connect();
            }
            return;
        }
        for (Fetch fetch : List.copyOf(asking)) {
            asking.remove(fetch);
            fetch.attempts++;
            fetch.transfer = plane.nextTransfer();
            fetch.askedNanos = System.nanoTime();
            fetch.receivedBytes = 0;
            asked.put(fetch.transfer, fetch);
            connection.send(CopyFrames.fetch(fetch.request, fetch.transfer));
        }
        while (active == null && !waiting.isEmpty() && connection.alive()) {
            Push newest =
                    waiting.stream()
                            .max(Comparator.comparingLong(push -> push.request.state().step()))
                            .get();
            waiting.remove(newest);
            start(connection, newest);
        }
        plane.watch();
    }

    private void start(Connection connection, Push push) {
        PushRequest request = push.request;
        push.attempts++;
        push.transfer = plane.nextTransfer();
        push.progressNanos = System.nanoTime();
        SlotStream stream;
        try {
            stream =
                    new SlotStream(
                            lane,
                            connection,
                            push.transfer,
                            request.state(),
                            request.source(),
                            plane.pace(),
                            new Pushing(push));
        } catch (IllegalStateException e) {
            plane.pushed(request, "the snapshot cannot be read: " + e.getMessage());
            return;
        }
        String mismatch = SlotStream.mismatch(request.state(), stream.table().meta());
        if (!mismatch.isEmpty()) {
            plane.pushed(request, mismatch);
            return;
        }
        active = push;
        push.stream = stream;
        plane.streams().add(stream);
        stream.start(request.terms());
    }

    private static void cancelStream(Push push) {
        SlotStream stream = push.stream;
        push.stream = null;
        if (stream != null) {
            stream.cancel();
        }
    }

    private void retry(Push push, String reason) {
        if (push.attempts < ATTEMPTS && !gone) {
            waiting.add(push);
        } else {
            plane.pushed(push.request, reason);
        }
    }

    private void retry(Fetch fetch, String reason) {
        if (fetch.attempts < ATTEMPTS && !gone) {
            asking.add(fetch);
        } else {
            plane.fetched(fetch.request, reason, fetch.receivedBytes);
        }
    }

    private void failAll(String reason) {
        Push pushing = active;
        active = null;
        if (pushing != null) {
            cancelStream(pushing);
            plane.pushed(pushing.request, reason);
        }
        List<Push> pushes = List.copyOf(waiting);
        waiting.clear();
        pushes.forEach(push -> plane.pushed(push.request, reason));
        List<Fetch> fetches = new ArrayList<>(asked.values());
        fetches.addAll(asking);
        asked.clear();
        asking.clear();
        for (Fetch fetch : fetches) {
            SlotReceiver receiver = fetch.receiver;
            fetch.receiver = null;
            if (receiver != null) {
                fetch.receivedBytes = receiver.receivedBytes();
                receiver.fail(reason);
            }
            plane.fetched(fetch.request, reason, fetch.receivedBytes);
        }
    }

    private final class Pushing implements SlotStream.Listener {
        private final Push push;

        Pushing(Push push) {
            this.push = push;
        }

        @Override
        public void progress() {
            push.progressNanos = System.nanoTime();
        }

        @Override
        public void broken(String reason) {
            Connection connection = link.connection();
            if (active == push && connection != null) {
                push.attempts = ATTEMPTS;
                connection.close(reason);
            }
        }

        @Override
        public void idle() {
            plane.settle();
        }
    }

    private final class Fetched implements SlotReceiver.Listener {
        private final Fetch fetch;

        Fetched(Fetch fetch) {
            this.fetch = fetch;
        }

        @Override
        public void committed(Digest digest) {
            SlotReceiver receiver = fetch.receiver;
            asked.remove(fetch.transfer);
            fetch.receiver = null;
            plane.fetched(fetch.request, "", receiver == null ? 0 : receiver.receivedBytes());
        }

        @Override
        public void failed(String reason) {
            SlotReceiver receiver = fetch.receiver;
            if (receiver == null) {
                return;
            }
            fetch.receiver = null;
            fetch.receivedBytes = receiver.receivedBytes();
            asked.remove(fetch.transfer);
            retry(fetch, reason);
            advance();
        }
    }
}
