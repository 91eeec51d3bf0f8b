package io.coxswain.bridge.spi;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;

/** Where the state comes from that a rank starts with. */
public sealed interface StateOrigin {
    /** The initial state, computed from the job's seed. */
    record Initial() implements StateOrigin {}

    /**
     * The state that the runtime has now; the host has checked that its step and shard are the
     * right ones.
     */
    record Live() implements StateOrigin {}

    /**
     * A snapshot, whose checksums and digest the host has verified.
     *
     * @param data the pieces' bytes, where {@code meta} says; only to be read
     */
    record Stored(SlotTable.Meta meta, ByteRegion data) implements StateOrigin {}
}
