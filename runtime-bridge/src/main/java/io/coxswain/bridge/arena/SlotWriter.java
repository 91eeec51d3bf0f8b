package io.coxswain.bridge.arena;

/**
 * Fills one slot. Data first, then the CRC of each chunk, then {@link #commit}; until then nobody
 * trusts the slot.
 *
 * <p>It suits a worker (copy the state, later {@link #checksum} and commit on another thread,
 * reading the slot) and a holder (a chunk and its CRC at a time, as they arrive). Not safe for use
 * by several threads at once, but it may be handed from one to another. A slot that was freed or
 * written by somebody else meanwhile refuses the commit.
 */
public interface SlotWriter {
    /** What is being written. */
    SlotTable.Meta meta();

    /** The slot's data area, {@link SlotTable.Meta#dataBytes} long. */
    ByteRegion data();

    /**
     * Sets the CRC-32C of a chunk, numbered as in {@link SlotTable.Meta#chunks}; its data are
     * already in place.
     */
    void chunkCrc(int chunk, int crc32c);

    /**
     * Says that all data are in place and only checksums are missing, so that {@link
     * Slot#completeFilled} can finish the work of a writer that dies now.
     *
     * @throws IllegalStateException if the slot was freed or taken over meanwhile
     */
    void filled();

    /** Computes, from the data in the slot, the CRCs that {@link #chunkCrc} has not set. */
    void checksum();

    /**
     * Completes the slot and sets the commit mark.
     *
     * @return the snapshot's digest, 32 bytes
     * @throws IllegalStateException if a CRC is missing, or if the slot was freed or taken over
     *     meanwhile
     */
    byte[] commit();

    /**
     * Gives the slot back as {@link Slot.State#EMPTY}; does nothing after a commit or when somebody
     * else has it.
     */
    void abandon();
}
