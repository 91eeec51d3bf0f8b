package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Snapshots, and states that are taken up again. */
final class StateChecks {
    static final String SNAPSHOT = "snapshot";
    static final String RESTORE = "restore";

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            SNAPSHOT,
                            "#snapshot",
                            "a snapshot, with a step or without, is whole, named rightly, and of"
                                    + " the digest that the worker says",
                            StateChecks::snapshot,
                            StepChecks.STEPS),
                    Entry.of(
                            "slot-taken",
                            "#apply",
                            "a slot that is committed, or is not there, is refused; the step counts"
                                    + " all the same",
                            StateChecks::slotTaken,
                            SNAPSHOT),
                    Entry.of(
                            RESTORE,
                            "#prepareview",
                            "another process takes up a state from a slot and goes on from it",
                            StateChecks::restore,
                            SNAPSHOT),
                    Entry.of(
                            "bad-slot",
                            "#prepareview",
                            "a slot that is empty, damaged, of another step or another digest is"
                                    + " refused with bad_state",
                            StateChecks::badSlot,
                            RESTORE),
                    Entry.of(
                            "keep-live",
                            "#prepareview",
                            "a new view keeps the live state, also in another region, and only the"
                                    + " one that is there",
                            StateChecks::keepLive,
                            SNAPSHOT));

    private StateChecks() {}

    static String snapshot(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        byte[] initial = mesh.snapshot(0, 0).getDigest().toByteArray();
        SnapshotCommitted first = mesh.stepInto(1);
        byte[] stepped = first.getDigest().toByteArray();
        Broken.unless(
                !Arrays.equals(initial, stepped), "another digest after a step", Texts.of(stepped));
        StepChecks.requireDigest(mesh, stepped, "from Snapshot, as from Apply");
        Slot slot = mesh.region(0).slot(1);
        int pieces = slot.table().meta().pieces().size();
        Broken.unless(
                pieces <= mesh.loaded().getShardPieces(0),
                "at most the %d pieces of job_loaded".formatted(mesh.loaded().getShardPieces(0)),
                pieces);
        // Steps go on while a snapshot is completed, and change nothing in it.
        mesh.region(0).slot(0).free();
        Mesh.Made made = mesh.step(0);
        Slots.Name name = mesh.name(0, mesh.liveStep());
        mesh.step(Mesh.NO_SNAPSHOT);
        FromWorker committed = mesh.worker().snapshot(made.snapshots().getFirst());
        Broken.unless(
                committed.hasSnapshotCommitted() && !committed.getSnapshotCommitted().getFailed(),
                "snapshot_committed while the next step is made",
                Texts.of(committed));
        Slots.requireIntact(mesh.region(0).slot(0), name, committed.getSnapshotCommitted());
        Slots.requireIntact(slot, mesh.name(0, 1), first);
        return "%d bytes in %d pieces".formatted(first.getBytes(), pieces);
    }

    static String slotTaken(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        byte[] first = mesh.stepInto(0).getDigest().toByteArray();
        for (int slot : new int[] {0, Mesh.SLOTS}) {
            Mesh.Made made = mesh.step(slot);
            FromWorker refused = mesh.worker().snapshot(made.snapshots().getFirst());
            // Where steps are made whole it was a request of its own.
            if (!mesh.isWhole() || !refused.hasFault()) {
                requireFailed(refused, slot);
            }
            FromWorker again = mesh.worker().call(Mesh.snapshot(1, mesh.liveStep(), slot));
            if (!again.hasFault()) {
                requireFailed(again, slot);
            }
        }
        byte[] kept = Slots.requireIntact(mesh.region(0).slot(0), mesh.name(0, 1));
        Broken.unless(
                Arrays.equals(first, kept),
                "the committed slot left alone: " + Texts.of(first),
                Texts.of(kept));
        mesh.region(0).slot(0).free();
        mesh.stepInto(0);
        return "";
    }

    private static void requireFailed(FromWorker answer, int slot) throws Broken {
        Broken.unless(
                answer.getSnapshotCommitted().getFailed()
                        && !answer.getSnapshotCommitted().getReason().isEmpty(),
                "snapshot_committed with failed and a reason for slot %d, which cannot be written"
                        .formatted(slot),
                Texts.of(answer));
    }

    static String restore(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh donor = trial.ready(trial.job());
        donor.step(Mesh.NO_SNAPSHOT);
        SnapshotCommitted snapshot = donor.stepInto(1);
        byte[] digest = snapshot.getDigest().toByteArray();
        donor.step(Mesh.NO_SNAPSHOT);
        byte[] next = donor.digest(0);

        Mesh heir = trial.loaded(trial.job());
        ViewPrepared prepared =
                heir.prepare(0, heir.fromSlot(0, 2, 2, donor.region(0).path(), 1, digest));
        Broken.unless(
                Arrays.equals(prepared.getDigest().toByteArray(), digest),
                "the slot's digest %s in view_prepared".formatted(Texts.of(digest)),
                Texts.of(prepared.getDigest().toByteArray()));
        Broken.unless(
                prepared.getLoadedBytes() == snapshot.getBytes(),
                "loaded_bytes of %d".formatted(snapshot.getBytes()),
                prepared.getLoadedBytes());
        heir.begun(2, 2);
        StepChecks.requireDigest(heir, digest, "after it was loaded");
        heir.step(Mesh.NO_SNAPSHOT);
        if (trial.facts().deterministic) {
            StepChecks.requireDigest(heir, next, "one step after it was loaded");
        }
        Slots.requireIntact(donor.region(0).slot(1), donor.name(0, 2), snapshot);
        return "%d bytes".formatted(prepared.getLoadedBytes());
    }

    static String badSlot(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh donor = trial.ready(trial.job());
        byte[] digest = donor.stepInto(0).getDigest().toByteArray();
        ArenaFile file = donor.region(0);
        Mesh heir = trial.loaded(trial.job());
        byte[] other = digest.clone();
        other[31] ^= 1;
        requireRefused(heir, heir.fromSlot(0, 2, 1, file.path(), 0, other));
        requireRefused(heir, heir.fromSlot(0, 3, 2, file.path(), 0, digest));
        requireRefused(heir, heir.fromSlot(0, 4, 1, file.path(), 1, digest));
        Path nowhere = trial.newArena();
        requireRefused(heir, heir.fromSlot(0, 5, 1, nowhere, 0, digest));

        Slot slot = file.slot(0);
        long words = slot.table().meta().dataBytes() / Long.BYTES;
        long at = words == 0 ? 0 : trial.random().nextLong(words) * Long.BYTES;
        long word = slot.data().word(at);
        // A flipped bit between two pieces damages nothing.
        while (!covered(slot, at)) {
            at = at == 0 ? 0 : at - Long.BYTES;
            word = slot.data().word(at);
        }
        slot.data().word(at, word ^ (1L << trial.random().nextInt(8)));
        requireRefused(heir, heir.fromSlot(0, 6, 1, file.path(), 0, digest));
        // Without an expected digest the checksums alone must tell.
        requireRefused(heir, heir.fromSlot(0, 7, 1, file.path(), 0, new byte[0]));
        slot.data().word(at, word);
        heir.prepare(0, heir.fromSlot(0, 8, 1, file.path(), 0, digest));
        heir.begun(8, 1);
        StepChecks.requireDigest(heir, digest, "after the refused ones");
        return "";
    }

    private static boolean covered(Slot slot, long at) {
        return at == 0
                || slot.table().meta().pieces().stream()
                        .anyMatch(piece -> piece.dataOffset() <= at && at < piece.end());
    }

    private static void requireRefused(Mesh mesh, PrepareView.Builder view)
            throws Broken, InterruptedException {
        mesh.worker().fault(ToWorker.newBuilder().setPrepareView(view), "bad_state");
    }

    static String keepLive(Trial trial) throws Broken, IOException, InterruptedException {
        Mesh mesh = trial.ready(trial.job());
        byte[] digest = mesh.stepInto(0).getDigest().toByteArray();
        mesh.prepare(0, mesh.view(0, 2, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        mesh.begun(2, 1);
        StepChecks.requireDigest(mesh, digest, "kept in the same region");

        ArenaFile former = mesh.replaceRegion(0, mesh.createRegion(0));
        mesh.prepare(0, mesh.view(0, 3, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        former.close();
        mesh.begun(3, 1);
        StepChecks.requireDigest(mesh, digest, "kept in another region");

        requireRefused(mesh, mesh.view(0, 4, 0, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        mesh.prepare(0, mesh.view(0, 5, 1, StateOrigin.STATE_ORIGIN_KEEP_LIVE));
        mesh.begun(5, 1);
        mesh.step(Mesh.NO_SNAPSHOT);
        if (trial.facts().deterministic) {
            Mesh undisturbed = trial.ready(trial.job());
            undisturbed.step(Mesh.NO_SNAPSHOT);
            undisturbed.step(Mesh.NO_SNAPSHOT);
            StepChecks.requireDigest(
                    mesh, undisturbed.digest(0), "as if there had been one view only");
        }
        return "";
    }
}
