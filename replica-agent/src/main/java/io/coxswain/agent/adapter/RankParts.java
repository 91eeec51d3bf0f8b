package io.coxswain.agent.adapter;

import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.host.LoadedPieces;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LocalPart;
import io.coxswain.proto.control.v1.StateLayout;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * How a rank's memory is cut among its processes, from what each said of its own state: all of it,
 * or a part that is its own. Their parts lie one after another in each slot, in the order of local
 * ranks. Immutable.
 */
final class RankParts {
    private final List<JobLoaded> parts;

    private RankParts(List<JobLoaded> parts) {
        this.parts = List.copyOf(parts);
    }

    /** Of at least two processes, in the order of their local ranks, without a complaint. */
    static RankParts of(List<JobLoaded> parts) {
        return new RankParts(parts);
    }

    /** Why they cannot be one worker, for a person; null if they can. */
    static @Nullable String complaint(List<JobLoaded> parts) {
        StateLayout first = parts.getFirst().getLayout();
        for (int local = 0; local < parts.size(); local++) {
            JobLoaded part = parts.get(local);
            StateLayout layout = part.getLayout();
            if (!part.getSharesRank()) {
                return "local rank %d cannot be one of %d processes of a rank: its program, or the version of the coxswain package that it has, knows of one process alone; set runtime.workersPerAgent to 1"
                        .formatted(local, parts.size());
            }
            if (layout.getParameterElements() != 0) {
                return "with %d processes an agent (runtime.workersPerAgent) the program must reduce by itself, and this one leaves it to the agents: set runtime.workersPerAgent to 1 and run one agent for each device, or reduce in the program (collectives: {across: runtime}, coxswain.FusedTrainer)"
                        .formatted(parts.size());
            }
            if (!layout.getFingerprint().equals(first.getFingerprint())) {
                return "local rank %d loaded another program or other data than local rank 0: fingerprint '%s', expected '%s'"
                        .formatted(local, layout.getFingerprint(), first.getFingerprint());
            }
            int shards = first.getShardStateBytesCount();
            if (layout.getShardStateBytesCount() != shards
                    || part.getShardPiecesCount() != shards
                    || part.getShardLiveBytesCount() != shards
                    || !layout.getShardBeginList().equals(first.getShardBeginList())) {
                return "local rank %d has a layout of %d shards, local rank 0 one of %d"
                        .formatted(local, layout.getShardStateBytesCount(), shards);
            }
        }
        return LoadedPieces.problem(parts);
    }

    /** What the rank as a whole is. */
    JobLoaded whole() {
        JobLoaded first = parts.getFirst();
        int shards = first.getLayout().getShardStateBytesCount();
        StateLayout.Builder layout =
                first.getLayout().toBuilder().clearShardStateBytes().clearShardRegionBytes();
        // A group of processes is replaced as a whole: one that is left could not be told apart.
        JobLoaded.Builder whole =
                first.toBuilder()
                        .clearShardLiveBytes()
                        .clearShardPieces()
                        .clearLeaves()
                        .setReforms(false);
        for (int shard = 0; shard < shards; shard++) {
            LocalPart last = part(parts.size() - 1, shard);
            layout.addShardStateBytes(last.getSlotOffset() + last.getSlotBytes());
            layout.addShardRegionBytes(regionBytes(shard));
            whole.addShardLiveBytes(last.getLiveOffset() + last.getLiveBytes());
            whole.addShardPieces(pieces(shard));
        }
        boolean deterministic = true;
        long load = 0;
        long compile = 0;
        for (JobLoaded part : parts) {
            deterministic &= part.getLayout().getDeterministic();
            load = Math.max(load, part.getLoadNanos());
            compile = Math.max(compile, part.getCompileNanos());
        }
        return whole.setLayout(layout.setDeterministic(deterministic))
                .setLoadNanos(load)
                .setCompileNanos(compile)
                .build();
    }

    private long regionBytes(int shard) {
        long bytes = 0;
        for (JobLoaded part : parts) {
            bytes += at(part.getLayout().getShardRegionBytesList(), shard);
        }
        return bytes;
    }

    private boolean keepsLive(int shard) {
        return parts.stream().anyMatch(part -> part.getShardLiveBytes(shard) > 0);
    }

    private int pieces(int shard) {
        int pieces = 0;
        for (JobLoaded part : parts) {
            pieces += part.getShardPieces(shard);
        }
        return pieces;
    }

    private static long at(List<Long> values, int index) {
        return index < values.size() ? values.get(index) : 0;
    }

    /** Where the part of one process lies, if the rank has that shard. */
    LocalPart part(int local, int shard) {
        long slot = 0;
        long live = 0;
        for (int before = 0; before < local; before++) {
            JobLoaded part = parts.get(before);
            slot += room(part.getLayout().getShardStateBytes(shard));
            live += room(part.getShardLiveBytes(shard));
        }
        JobLoaded own = parts.get(local);
        LocalPart.Builder part =
                LocalPart.newBuilder()
                        .setRank(local)
                        .setSize(parts.size())
                        .setSlotOffset(slot)
                        .setSlotBytes(room(own.getLayout().getShardStateBytes(shard)));
        if (keepsLive(shard)) {
            part.setLiveOffset(live).setLiveBytes(room(own.getShardLiveBytes(shard)));
        }
        return part.build();
    }

    /** One byte more at least: a piece of no bytes at a part's end is in no other part. */
    private static long room(long bytes) {
        return (bytes / SlotTable.PIECE_ALIGNMENT + 1) * SlotTable.PIECE_ALIGNMENT;
    }

    /** A shard's parts, in order. */
    List<LocalPart> parts(int shard) {
        var all = new ArrayList<LocalPart>();
        for (int local = 0; local < parts.size(); local++) {
            all.add(part(local, shard));
        }
        return all;
    }
}
