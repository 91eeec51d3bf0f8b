package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Agents with copy planes in one JVM: real sockets and arena files. */
final class CopyPair implements AutoCloseable {
    /** How a request ended, or what a holder was told. */
    record Told(String what, StateName state, boolean good, String reason, long number) {}

    static final class Node
            implements CopyPlane.Listener, CopyPlane.SlotLookup, CopyPlane.Intake, AutoCloseable {
        final NettyDataPlane plane;
        final NettyCopyPlane copies;
        final ArenaFile arena;
        final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
        final BlockingQueue<Told> held = new LinkedBlockingQueue<>();
        final Map<StateName, Slot> readable = new ConcurrentHashMap<>();
        volatile boolean busy;
        volatile boolean refuses;
        volatile Runnable onSlotFor = () -> {};

        Node(Path folder, long slotBytes, int maxPieces, DataPlaneSettings settings)
                throws IOException {
            int name = NAMES.incrementAndGet();
            arena =
                    ArenaFile.create(
                            folder.resolve("arena-" + name),
                            ArenaFile.Shape.slotsOnly(4, slotBytes, maxPieces));
            plane =
                    new NettyDataPlane(
                            new AgentKey("agent-" + name, "%032x".formatted(name)), settings);
            copies = new NettyCopyPlane(plane, this, this, this, () -> busy);
            plane.start();
        }

        Peer peer() {
            return new Peer(plane.self(), plane.endpoint());
        }

        @Override
        public void pushed(PushRequest request, boolean verified, String reason) {
            told.add(new Told("pushed", request.state(), verified, reason, 0));
        }

        @Override
        public void fetched(FetchRequest request, boolean ok, String reason, long bytes) {
            told.add(new Told("fetched", request.state(), ok, reason, bytes));
        }

        @Override
        public @Nullable Slot committed(StateName state) {
            return readable.get(state);
        }

        @Override
        public @Nullable Slot slotFor(StateName state, CopyTerms terms, SlotTable.Meta table) {
            onSlotFor.run();
            if (refuses) {
                return null;
            }
            for (int i = 0; i < arena.slots(); i++) {
                if (arena.slot(i).state() == Slot.State.EMPTY) {
                    return arena.slot(i);
                }
            }
            return null;
        }

        @Override
        public boolean received(StateName state, Slot slot, Digest digest, long placementVersion) {
            readable.put(state, slot);
            held.add(new Told("received", state, true, digest.hex(), placementVersion));
            return true;
        }

        @Override
        public void damaged(StateName state, Slot slot, String reason) {
            held.add(new Told("damaged", state, false, reason, 0));
        }

        Told next() throws InterruptedException {
            return poll(told);
        }

        Told nextHeld() throws InterruptedException {
            return poll(held);
        }

        void cutConnections() {
            plane.copies()
                    .execute(() ->
                            plane.copies().connections().forEach(c -> c.close("cut by the test")));
        }

        @Override
        public void close() {
            copies.close();
            plane.close();
            arena.close();
        }

        private static Told poll(BlockingQueue<Told> queue) throws InterruptedException {
            Told next = queue.poll(20, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("nothing was told");
            }
            return next;
        }
    }

    private static final AtomicInteger NAMES = new AtomicInteger();

    final Node source;
    final Node holder;
    final long slotBytes;
    final int pieces;

    CopyPair(Path folder, long slotBytes, int pieces) throws IOException {
        this(folder, slotBytes, pieces, DataPlaneSettings.loopback());
    }

    CopyPair(Path folder, long slotBytes, int pieces, DataPlaneSettings settings)
            throws IOException {
        this.slotBytes = slotBytes;
        this.pieces = pieces;
        this.source = new Node(folder, slotBytes, pieces, settings);
        this.holder = new Node(folder, slotBytes, pieces, settings);
    }

    /** The copy that the holder has of a state. */
    static Slot held(Node node, StateName state) {
        return Objects.requireNonNull(node.readable.get(state), state::toString);
    }

    static StateName state(long step) {
        return new StateName("job", 3, step, 1);
    }

    /** A committed snapshot of random bytes, in pieces of odd sizes. */
    Slot snapshot(Node node, int slot, StateName state, long bytes) {
        List<SlotTable.Box> boxes = new ArrayList<>();
        long left = bytes - 64L * pieces;
        for (int p = 0; p < pieces; p++) {
            long of = p == pieces - 1 ? left : Math.min(left, bytes / pieces - 7);
            boxes.add(SlotTable.Box.range("leaf-" + p, "u8", of, 0, of, of));
            left -= of;
        }
        SlotTable.Meta meta =
                SlotTable.Meta.layOut(
                        state.jobId(), state.epoch(), state.step(), state.shard(), boxes);
        SlotWriter writer = node.arena.slot(slot).write(meta);
        byte[] noise = new byte[1 << 16];
        new Random(state.step()).nextBytes(noise);
        for (long at = 0; at < meta.dataBytes(); at += noise.length) {
            writer.data().write(at, noise, 0, (int) Math.min(noise.length, meta.dataBytes() - at));
        }
        writer.checksum();
        writer.commit();
        node.readable.put(state, node.arena.slot(slot));
        return node.arena.slot(slot);
    }

    static final CopyTerms TERMS = new CopyTerms(1, 0, List.of(), 5);

    PushRequest push(StateName state, Slot slot, boolean droppable) {
        return new PushRequest(state, slot, holder.peer(), TERMS, droppable);
    }

    @Override
    public void close() {
        source.close();
        holder.close();
    }
}
