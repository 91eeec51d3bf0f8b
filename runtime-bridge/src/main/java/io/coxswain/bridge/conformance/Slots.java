package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;

import java.util.Arrays;

/** What a slot must hold. */
final class Slots {
    private Slots() {}

    /** The name of a state. */
    record Name(String jobId, long epoch, long step, int shard) {
        @Override
        public String toString() {
            return "step %d of epoch %d, shard %d of job %s".formatted(step, epoch, shard, jobId);
        }
    }

    /**
     * Checks every byte of a slot that is said to be committed, and that it holds that state.
     *
     * @return the digest
     */
    static byte[] requireIntact(Slot slot, Name name) throws Broken {
        String expected = "slot %d committed, with %s".formatted(slot.index(), name);
        byte[] digest =
                switch (slot.verify()) {
                    case Verification.Intact intact -> intact.digest();
                    case Verification.Damaged damaged -> throw new Broken(expected, damaged.what());
                };
        SlotTable.Meta meta = slot.table().meta();
        Name found = new Name(meta.jobId(), meta.epoch(), meta.step(), meta.shard());
        Broken.unless(found.equals(name), expected, found);
        return digest;
    }

    static void requireIntact(Slot slot, Name name, SnapshotCommitted committed) throws Broken {
        byte[] digest = requireIntact(slot, name);
        byte[] said = committed.getDigest().toByteArray();
        Broken.unless(
                Arrays.equals(digest, said),
                "the slot's digest %s in snapshot_committed".formatted(Texts.of(digest)),
                Texts.of(said));
        Broken.unless(
                committed.getBytes() == slot.table().meta().dataBytes(),
                "the %d data bytes of the slot in snapshot_committed"
                        .formatted(slot.table().meta().dataBytes()),
                committed.getBytes());
    }
}
