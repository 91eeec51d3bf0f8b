package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.FloatRegion;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.bundle.FloatBits;
import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.StatePart;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.spi.LeafDigest;
import io.coxswain.bridge.spi.RuntimeFault;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Brings the state of a shard to the device with it, and back. */
final class StateTransfer {
    private final LoadedProgram loaded;
    private final ShardPlan plan;

    StateTransfer(LoadedProgram loaded, ShardPlan plan) {
        this.loaded = loaded;
        this.plan = plan;
    }

    /** Where the bytes of a part are. */
    private interface Source {
        MemorySegment of(int index, StatePart part);
    }

    /** The state that the bundle begins with. */
    DeviceState initial() throws PjrtException {
        return upload((_, part) ->
                ShardPlan.inWhole(
                        Objects.requireNonNull(loaded.initial().tensor(part.name())).data(), part));
    }

    /**
     * A snapshot's state.
     *
     * @throws RuntimeFault if its pieces are not those of this shard
     */
    DeviceState stored(SlotTable.Meta meta, ByteRegion data) throws PjrtException, RuntimeFault {
        List<SlotTable.Box> expected = plan.boxes();
        List<SlotTable.Box> found = meta.pieces().stream().map(SlotTable.Piece::box).toList();
        for (int i = 0; i < Math.max(expected.size(), found.size()); i++) {
            String wanted = i < expected.size() ? expected.get(i).toString() : "no more";
            String is = i < found.size() ? found.get(i).toString() : "nothing";
            if (!is.equals(wanted)) {
                throw new RuntimeFault(
                        RuntimeFault.Code.BAD_STATE,
                        "piece %d of the snapshot is %s, and shard %d of this bundle has %s: the snapshot is of another program"
                                .formatted(i, is, plan.shard(), wanted));
            }
        }
        return kept(meta, data.segment());
    }

    /** The state that {@link #store} has written there. */
    DeviceState kept(SlotTable.Meta meta, MemorySegment bytes) throws PjrtException {
        return upload((index, part) ->
                bytes.asSlice(meta.pieces().get(index).dataOffset(), part.type().byteSize()));
    }

    /** Writes the shard's parameters where the region has them. */
    void publish(DeviceState state, FloatRegion parameters) throws PjrtException {
        try (HostCopies copies = new HostCopies()) {
            publish(state.buffers(), parameters, copies);
            copies.await();
        }
    }

    /** Begins to write parameters where the region has them. */
    void publish(List<PjrtBuffer> state, FloatRegion parameters, HostCopies copies)
            throws PjrtException {
        List<StatePart> parts = plan.parameters();
        for (int i = 0; i < parts.size(); i++) {
            copies.add(state.get(i), plan.in(parameters.segment(), 0, parts.get(i)));
        }
    }

    /** Writes the state where a snapshot has it. */
    void store(DeviceState state, SlotTable.Meta meta, ByteRegion data) throws PjrtException {
        store(state, meta, data.segment());
    }

    /** Writes the state to memory laid out like a snapshot. */
    void store(DeviceState state, SlotTable.Meta meta, MemorySegment bytes) throws PjrtException {
        try (HostCopies copies = new HostCopies()) {
            for (int i = 0; i < plan.parts().size(); i++) {
                SlotTable.Piece piece = meta.pieces().get(i);
                copies.add(
                        state.buffers().get(i),
                        bytes.asSlice(piece.dataOffset(), piece.box().bytes()));
            }
            copies.await();
        }
    }

    /** The shard's part of the final digest tree. */
    List<LeafDigest> digests(DeviceState state) throws PjrtException {
        List<LeafDigest> digests = new ArrayList<>();
        for (int i = 0; i < plan.parts().size(); i++) {
            try (Arena arena = Arena.ofConfined();
                    HostCopies copies = new HostCopies()) {
                StatePart part = plan.parts().get(i);
                MemorySegment bytes = arena.allocate(part.type().byteSize(), Long.BYTES);
                copies.add(state.buffers().get(i), bytes);
                copies.await();
                digests.add(digest(part, bytes));
            }
        }
        return digests;
    }

    private static LeafDigest digest(StatePart part, MemorySegment bytes) {
        FloatBits floats = FloatBits.of(part.whole().element());
        if (floats != null) {
            floats.unifyNaNs(bytes, part.count());
        }
        int block = ProgramBundle.BLOCK_ELEMENTS;
        long blockBytes = (long) block * part.whole().element().bytes();
        MessageDigest sha256 = Sha256.digest();
        ByteArrayOutputStream blocks = new ByteArrayOutputStream();
        for (long at = 0; at < bytes.byteSize(); at += blockBytes) {
            long length = Math.min(blockBytes, bytes.byteSize() - at);
            sha256.update(bytes.asSlice(at, length).asByteBuffer());
            blocks.writeBytes(sha256.digest());
        }
        return new LeafDigest(
                part.name(),
                part.treeIndex(),
                LeafDigest.header(
                        part.name(),
                        part.whole().element().toString(),
                        part.whole().shape(),
                        block),
                Math.ceilDiv(part.whole().elements(), (long) block),
                part.from() / block,
                blocks.toByteArray());
    }

    private DeviceState upload(Source source) throws PjrtException {
        try (BufferList buffers = new BufferList()) {
            for (int i = 0; i < plan.parts().size(); i++) {
                StatePart part = plan.parts().get(i);
                // A copy: the state outlives the slot or the file that it comes from.
                buffers.add(
                        loaded.client()
                                .upload(
                                        source.of(i, part),
                                        part.type(),
                                        loaded.home(),
                                        HostSemantics.COPY_DURING_CALL));
            }
            return new DeviceState(buffers.release());
        }
    }
}
