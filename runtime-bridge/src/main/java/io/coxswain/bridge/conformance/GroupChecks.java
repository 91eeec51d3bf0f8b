package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotTable.Box;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.conformance.Catalog.Entry;
import io.coxswain.bridge.host.LoadedPieces;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LocalPart;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.LeafDigest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** Two processes that are the worker of one rank, and the kit in the place of their agent. */
final class GroupChecks {
    private static final String SECTION = "#several-processes";
    private static final int PROCESSES = 2;
    private static final int SLOT = 1;

    static final List<Entry> ENTRIES =
            List.of(
                    Entry.of(
                            "group",
                            SECTION,
                            "two processes of one rank share its batch, write their parts of a"
                                    + " snapshot and nothing else, and take them up again",
                            GroupChecks::group,
                            StateChecks.RESTORE),
                    Entry.of(
                            "group-pieces",
                            SECTION,
                            "the pieces that two processes of one rank declare make its state, and"
                                    + " are those of their snapshots and of the final digest",
                            GroupChecks::pieces,
                            "group"));

    private GroupChecks() {}

    /** The two, and the region that both map. */
    private static final class Group {
        final Mesh mesh;
        final ArenaFile region;

        /** Where each one's part of a slot begins; last the end of the last one. */
        private final long[] begins = new long[PROCESSES + 1];

        private final long[] live = new long[PROCESSES + 1];

        Group(Trial trial) throws Broken, NotApplicable, IOException, InterruptedException {
            JobSpec job = trial.job();
            if (job.getMicroshards() < PROCESSES) {
                throw new NotApplicable("needs a job with two microshards");
            }
            mesh = trial.loaded(job, PROCESSES);
            int pieces = 0;
            for (int local = 0; local < PROCESSES; local++) {
                JobLoaded loaded = mesh.each().get(local);
                if (!loaded.getSharesRank()) {
                    throw new NotApplicable(
                            "job_loaded says nothing of shares_rank: the worker is one process");
                }
                Broken.unless(
                        loaded.getLayout()
                                .getFingerprint()
                                .equals(mesh.loaded().getLayout().getFingerprint()),
                        "one fingerprint in all processes: "
                                + mesh.loaded().getLayout().getFingerprint(),
                        loaded.getLayout().getFingerprint());
                pieces += loaded.getShardPieces(0);
                begins[local + 1] = begins[local] + room(loaded.getLayout().getShardStateBytes(0));
                live[local + 1] = live[local] + loaded.getShardLiveBytes(0);
            }
            region =
                    ArenaFile.create(
                            trial.newArena(),
                            new ArenaFile.Shape(
                                    0,
                                    job.getMicroshards(),
                                    0,
                                    live[PROCESSES],
                                    Mesh.SLOTS,
                                    begins[PROCESSES],
                                    pieces));
        }

        private static long room(long bytes) {
            return (bytes / SlotTable.PIECE_ALIGNMENT + 1) * SlotTable.PIECE_ALIGNMENT;
        }

        LocalPart place(int local) {
            return LocalPart.newBuilder()
                    .setRank(local)
                    .setSize(PROCESSES)
                    .setSlotOffset(begins[local])
                    .setSlotBytes(begins[local + 1] - begins[local])
                    .setLiveOffset(live[local])
                    .setLiveBytes(live[local + 1] - live[local])
                    .build();
        }

        /** The one rank of a view, as one of the two is told of it. */
        PrepareView.Builder view(PrepareView.Builder of, int local) {
            PrepareView.Builder view =
                    of.setRank(0)
                            .setReplicas(1)
                            .setRegionPath(region.path().toString())
                            .setLocal(place(local))
                            .setMasterHost("127.0.0.1");
            view.getPlanBuilder()
                    .getOperationsBuilder(0)
                    .setMicroshardFrom(0)
                    .setMicroshardTo(mesh.microshard(PROCESSES));
            return view;
        }

        /** Both make the next step, and say how many samples it had. */
        long step(long epoch, long step) throws Broken, InterruptedException {
            List<FromWorker> answers = both(Mesh.execute(epoch, step));
            long samples = 0;
            for (FromWorker answer : answers) {
                Broken.unless(answer.hasExecuted(), "executed by each", Texts.of(answer));
                samples += answer.getExecuted().getSamples();
            }
            return samples;
        }

        /** Asks both, one after the other, before either is waited for. */
        private List<FromWorker> both(ToWorker.Builder request)
                throws Broken, InterruptedException {
            var requests = new ArrayList<Long>();
            for (int local = 0; local < PROCESSES; local++) {
                requests.add(mesh.worker(local).send(request.clone()));
            }
            var answers = new ArrayList<FromWorker>();
            for (int local = 0; local < PROCESSES; local++) {
                long id = requests.get(local);
                answers.add(
                        request.hasSnapshot()
                                ? mesh.worker(local).snapshot(id)
                                : mesh.answer(local, id));
            }
            return answers;
        }

        /** Both write their parts; their tables and checksums are right. */
        Written snapshot(long epoch, long step) throws Broken, InterruptedException {
            Slot slot = region.slot(SLOT);
            var pieces = new ArrayList<SlotTable.Piece>();
            var crcs = new ArrayList<Integer>();
            var tables = new ArrayList<SlotTable.Meta>();
            int local = 0;
            for (FromWorker answer : both(Mesh.snapshot(epoch, step, SLOT))) {
                SnapshotCommitted said = answer.getSnapshotCommitted();
                Broken.unless(
                        answer.hasSnapshotCommitted()
                                && !said.getFailed()
                                && said.getDigest().isEmpty(),
                        "snapshot_committed of local rank " + local + ", without a digest",
                        Texts.of(answer));
                SlotTable.Meta meta = table(local, said);
                requireName(local, meta, mesh.name(0, step), epoch);
                crcs.addAll(requireChecksums(local, slot, meta, said));
                pieces.addAll(meta.pieces());
                tables.add(meta);
                local++;
            }
            Broken.unless(
                    slot.state() == Slot.State.EMPTY,
                    "the slot's mark left to the agent: EMPTY",
                    slot.state());
            return new Written(pieces, crcs, tables);
        }

        private SlotTable.Meta table(int local, SnapshotCommitted said) throws Broken {
            SlotTable.Meta meta;
            try {
                meta = SlotTable.Meta.decode(said.getPieceTable().toByteArray());
            } catch (IllegalArgumentException e) {
                throw new Broken(
                        "the table of its pieces from local rank " + local,
                        String.valueOf(e.getMessage()));
            }
            boolean inside =
                    !meta.pieces().isEmpty()
                            && meta.pieces().getFirst().dataOffset() >= begins[local]
                            && meta.dataBytes() <= begins[local + 1];
            Broken.unless(
                    inside,
                    "pieces in the part of local rank %d, bytes %d to %d"
                            .formatted(local, begins[local], begins[local + 1]),
                    "bytes up to " + meta.dataBytes());
            return meta;
        }

        private void requireName(int local, SlotTable.Meta meta, Slots.Name name, long epoch)
                throws Broken {
            var expected = new Slots.Name(name.jobId(), epoch, name.step(), name.shard());
            var found = new Slots.Name(meta.jobId(), meta.epoch(), meta.step(), meta.shard());
            Broken.unless(
                    found.equals(expected),
                    "%s in the table of local rank %d".formatted(expected, local),
                    found);
        }

        private static List<Integer> requireChecksums(
                int local, Slot slot, SlotTable.Meta meta, SnapshotCommitted said) throws Broken {
            ByteBuffer told =
                    ByteBuffer.wrap(said.getChunkCrcs().toByteArray())
                            .order(ByteOrder.LITTLE_ENDIAN);
            var crcs = new ArrayList<Integer>();
            while (told.remaining() >= Integer.BYTES) {
                crcs.add(told.getInt());
            }
            var found = new ArrayList<Integer>();
            for (SlotTable.Chunk chunk : meta.chunks()) {
                found.add(slot.data().crc32c(chunk.offset(), chunk.length()));
            }
            Broken.unless(
                    crcs.equals(found),
                    "the CRC-32C of each of the %d chunks that local rank %d wrote"
                            .formatted(found.size(), local),
                    crcs.size() + " of them, or others");
            return crcs;
        }

        /** As an agent does. */
        byte[] commit(long epoch, long step, Written written) {
            Slots.Name name = mesh.name(0, step);
            var meta =
                    new SlotTable.Meta(
                            name.jobId(),
                            epoch,
                            step,
                            name.shard(),
                            written.pieces(),
                            written.pieces().getLast().end(),
                            SlotTable.CHUNK_BYTES);
            SlotWriter writer = region.slot(SLOT).write(meta);
            for (int i = 0; i < written.crcs().size(); i++) {
                writer.chunkCrc(i, written.crcs().get(i));
            }
            return writer.commit();
        }
    }

    /** What both wrote. */
    private record Written(
            List<SlotTable.Piece> pieces, List<Integer> crcs, List<SlotTable.Meta> tables) {}

    private static String group(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        var group = new Group(trial);
        Mesh mesh = group.mesh;
        for (int local = 0; local < PROCESSES; local++) {
            mesh.prepare(
                    local, group.view(mesh.view(0, 1, 0, StateOrigin.STATE_ORIGIN_INIT), local));
        }
        long samples = group.step(1, 1);
        Broken.unless(
                samples == trial.job().getBatch(),
                "the %d samples of the batch, shared by two processes"
                        .formatted(trial.job().getBatch()),
                samples);
        Written first = group.snapshot(1, 1);
        byte[] digest = group.commit(1, 1, first);
        mesh.worker(1).fault(Mesh.snapshot(1, 1, SLOT), "bad_state");

        var heirs = new Group(trial);
        for (int local = 0; local < PROCESSES; local++) {
            byte[] found =
                    heirs.mesh
                            .prepare(local, heirs.view(from(group, heirs, digest), local))
                            .getDigest()
                            .toByteArray();
            Broken.unless(
                    Arrays.equals(found, digest),
                    "the slot's digest %s in view_prepared".formatted(Texts.of(digest)),
                    Texts.of(found));
        }
        Written again = heirs.snapshot(2, 1);
        Broken.unless(
                again.crcs().equals(first.crcs()),
                "the same bytes from processes that loaded them",
                "others");
        requireOwnDamageIsSeen(group, digest, new Group(trial));
        return "%d pieces".formatted(first.pieces().size());
    }

    private static String pieces(Trial trial)
            throws Broken, NotApplicable, IOException, InterruptedException {
        var group = new Group(trial);
        List<JobLoaded> each = group.mesh.each();
        if (each.stream().anyMatch(loaded -> loaded.getLeavesCount() == 0)) {
            throw new NotApplicable("job_loaded has no leaves");
        }
        String wrong = LoadedPieces.problem(each);
        Broken.unless(wrong == null, "pieces that make a state together", String.valueOf(wrong));
        for (int local = 0; local < PROCESSES; local++) {
            group.mesh.prepare(
                    local,
                    group.view(group.mesh.view(0, 1, 0, StateOrigin.STATE_ORIGIN_INIT), local));
        }
        group.step(1, 1);
        Written written = group.snapshot(1, 1);
        for (int local = 0; local < PROCESSES; local++) {
            Set<Box> declared = Set.copyOf(LoadedPieces.declared(each.get(local), 0));
            Set<Box> found = new HashSet<>();
            written.tables().get(local).pieces().forEach(piece -> found.add(piece.box()));
            Broken.unless(
                    found.equals(declared),
                    "the %d pieces of job_loaded in the snapshot of local rank %d"
                            .formatted(declared.size(), local),
                    "%d pieces, or others".formatted(found.size()));
        }
        requireOneDigest(group);
        boolean cut = !declared(each, 0).equals(declared(each, 1));
        return cut ? "each holds a part" : "each holds all of it";
    }

    private static List<Box> declared(List<JobLoaded> each, int local) {
        return LoadedPieces.declared(each.get(local), 0);
    }

    /** Both together tell each leaf of the final digest, and nothing in two ways. */
    private static void requireOneDigest(Group group) throws Broken, InterruptedException {
        var told = new TreeMap<Integer, LeafDigest>();
        ToWorker.Builder finish =
                ToWorker.newBuilder().setFinish(Finish.newBuilder().setEpoch(1).setStep(1));
        for (FromWorker answer : group.both(finish)) {
            Broken.unless(answer.hasFinished(), "finished by each", Texts.of(answer));
            for (LeafDigest leaf : answer.getFinished().getLeavesList()) {
                LeafDigest first = told.putIfAbsent(leaf.getLeafIndex(), leaf);
                Broken.unless(
                        first == null
                                || first.getFirstBlock() != leaf.getFirstBlock()
                                || first.equals(leaf),
                        "one digest of %s, which has index %d"
                                .formatted(leaf.getLeaf(), leaf.getLeafIndex()),
                        "another one from the other process");
            }
        }
        if (!told.isEmpty()) {
            Broken.unless(
                    told.firstKey() == 0 && told.lastKey() == told.size() - 1,
                    "leaves of the final digest numbered from 0 on without gaps",
                    told.keySet());
        }
    }

    private static PrepareView.Builder from(Group donor, Group heir, byte[] digest) {
        return heir.mesh.fromSlot(0, 2, 1, donor.region.path(), SLOT, digest);
    }

    /** A flipped bit in a process's part is no state for that process. */
    private static void requireOwnDamageIsSeen(Group donor, byte[] digest, Group heir)
            throws Broken, InterruptedException {
        long at = donor.begins[1];
        Slot slot = donor.region.slot(SLOT);
        slot.data().word(at, slot.data().word(at) ^ 1);
        heir.mesh
                .worker(1)
                .fault(
                        ToWorker.newBuilder()
                                .setPrepareView(heir.view(from(donor, heir, digest), 1)),
                        "bad_state");
    }
}
