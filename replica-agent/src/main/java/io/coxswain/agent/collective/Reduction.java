package io.coxswain.agent.collective;

import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.proto.replica.v1.Contribution;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.TreeNode;
import io.netty.buffer.ByteBuf;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.zip.CRC32C;

/**
 * The reduce-scatter of a view's steps. Each rank sums its microshards to its maximal complete
 * subtrees, sends them to every owner of each shard, and completes the tree for its own shard.
 * Confined to the lane's thread.
 */
final class Reduction {
    /** The step under way, and the one that a peer may be ahead. */
    private static final int MAX_ROUNDS = 2;

    /** How many stretches a rank may be ahead of the sum: what bounds the memory. */
    private static final int WINDOW = 16;

    private final ViewWork work;
    private final CollectiveView view;
    private final Geometry geometry;
    private final ViewWork.Results results;
    private final Map<Long, Round> rounds = new HashMap<>();
    private long lastReduced = -1;
    private long lastBegun = -1;

    Reduction(ViewWork work, ViewWork.Results results) {
        this.work = work;
        this.view = work.view();
        this.geometry = work.geometry();
        this.results = results;
    }

    /** The newest step whose reduction the own rank has begun: its execution is over. */
    long lastBegun() {
        return lastBegun;
    }

    /** Begins the own part; false if the step was begun before. */
    boolean begin(long step, float[] losses, long acknowledgedStep, long executeNanos) {
        int own = view.microshardBegin(view.rank() + 1) - view.microshardBegin(view.rank());
        if (losses.length != own) {
            throw new IllegalArgumentException(
                    "rank %d has %d microshards, got %d losses"
                            .formatted(view.rank(), own, losses.length));
        }
        if (step <= lastBegun) {
            return false;
        }
        lastBegun = step;
        forgetFalseSteps(step);
        work.outbox().dropBelow(step - 1);
        Round round = round(step);
        if (round == null) {
            throw new IllegalStateException(
                    "step %d is begun while steps %s are open".formatted(step, rounds.keySet()));
        }
        round.begun = true;
        work.underWay(round.missing);
        round.heard(view.rank(), acknowledgedStep, executeNanos);
        // Others' shards first: they wait for these, while the own part is completed here.
        for (int i = 1; i <= view.shards(); i++) {
            int shard = (view.shard() + i) % view.shards();
            for (int stretch = 0; stretch < geometry.reduceStretches(shard); stretch++) {
                contribute(round, shard, stretch, losses, acknowledgedStep, executeNanos);
            }
        }
        round.writeRoots();
        return true;
    }

    /** Says where a contribution's payload goes; null if its stretch is too far ahead. */
    @Nullable PayloadSink accept(int fromRank, Contribution contribution, int payloadBytes) {
        long step = contribution.getStep();
        if (contribution.getShard() != view.shard()) {
            throw new ProtocolViolation(
                    "a contribution to shard %d came to rank %d, which owns shard %d"
                            .formatted(contribution.getShard(), view.rank(), view.shard()));
        }
        if (step <= lastReduced || step < lastBegun) {
            return PayloadSink.DISCARD;
        }
        // Nobody gets further without what this rank contributes to its own step.
        Round round = lastBegun >= 0 && step > lastBegun + 1 ? null : round(step);
        if (round == null && lastBegun < 0) {
            return null;
        }
        if (round == null) {
            throw new ProtocolViolation(
                    "rank %d contributes to step %d while step %d is the last one reduced"
                            .formatted(fromRank, step, lastReduced));
        }
        long first = contribution.getFirstElement();
        int length = geometry.reduceStretch();
        long stretch = first / length;
        if (first < 0 || first % length != 0 || stretch >= round.sums.length) {
            throw new ProtocolViolation(
                    "a contribution begins at element %d; shard %d has %d elements in stretches of %d"
                            .formatted(first, view.shard(), view.elements(view.shard()), length));
        }
        if (stretch >= round.writtenStretches + WINDOW) {
            return null;
        }
        int count = geometry.reduceCount(view.shard(), (int) stretch);
        List<MicroshardTree.Node> expected = geometry.nodes(fromRank);
        List<TreeNode> nodes = contribution.getNodesList();
        boolean fits =
                nodes.size() == expected.size()
                        && payloadBytes == (long) nodes.size() * count * Float.BYTES;
        for (int i = 0; fits && i < nodes.size(); i++) {
            fits =
                    nodes.get(i).getLevel() == expected.get(i).level()
                            && nodes.get(i).getIndex() == expected.get(i).index();
        }
        if (!fits) {
            throw new ProtocolViolation(
                    "rank %d sent nodes %s with %d bytes; expected %s with %d elements each"
                            .formatted(
                                    fromRank,
                                    nodes.stream()
                                            .map(n -> n.getLevel() + "/" + n.getIndex())
                                            .toList(),
                                    payloadBytes,
                                    expected,
                                    count));
        }
        BitSet claimed = round.claimed.get(fromRank);
        if (claimed.get((int) stretch)) {
            return PayloadSink.DISCARD;
        }
        claimed.set((int) stretch);
        return new Incoming(round, fromRank, (int) stretch, count, contribution);
    }

    void drop() {
        rounds.values().forEach(Round::release);
        rounds.clear();
    }

    private @Nullable Round round(long step) {
        Round round = rounds.get(step);
        if (round == null && rounds.size() < MAX_ROUNDS) {
            round = new Round(step);
            rounds.put(step, round);
        }
        return round;
    }

    // Before its first step a rank cannot know which steps others may be in.
    private void forgetFalseSteps(long step) {
        for (Round round : List.copyOf(rounds.values())) {
            if (!round.begun && round.step != step && round.step != step + 1) {
                rounds.remove(round.step);
                round.release();
            }
        }
    }

    private void contribute(
            Round round,
            int shard,
            int stretch,
            float[] losses,
            long acknowledgedStep,
            long executeNanos) {
        List<MicroshardTree.Node> nodes = geometry.nodes(view.rank());
        int count = geometry.reduceCount(shard, stretch);
        boolean own = shard == view.shard();
        boolean remote = !own || view.replicas() > 1;
        List<float[]> sums = new ArrayList<>();
        List<ByteBuf> payload = new ArrayList<>();
        CRC32C crc = new CRC32C();
        long first = view.begin(shard) + (long) stretch * geometry.reduceStretch();
        work.compute(
                count * Float.BYTES,
                () -> {
                    for (MicroshardTree.Node node : nodes) {
                        float[] sum = own ? work.arrays().take() : null;
                        ByteBuf encoded = remote ? work.buffer(count * Float.BYTES) : null;
                        sum(node, first, count, sum, encoded, crc);
                        if (sum != null) {
                            sums.add(sum);
                        }
                        if (encoded != null) {
                            payload.add(encoded);
                        }
                    }
                },
                () -> {
                    if (remote) {
                        FrameHeader header =
                                header(
                                        round.step,
                                        shard,
                                        stretch,
                                        losses,
                                        acknowledgedStep,
                                        executeNanos,
                                        (int) crc.getValue());
                        for (int replica = 0; replica < view.replicas(); replica++) {
                            int to = replica * view.shards() + shard;
                            if (to != view.rank()) {
                                work.outbox().send(to, round.step, header, payload, false);
                            }
                        }
                        payload.forEach(ByteBuf::release);
                    }
                    if (own && !work.dropped()) {
                        for (int i = 0; i < nodes.size(); i++) {
                            MicroshardTree.Node node = nodes.get(i);
                            round.sums[stretch].insert(
                                    node.level(), node.index(), sums.get(i), loss(node, losses));
                        }
                        round.took(view.rank());
                    }
                },
                () -> payload.forEach(ByteBuf::release));
    }

    private FrameHeader header(
            long step,
            int shard,
            int stretch,
            float[] losses,
            long acknowledgedStep,
            long executeNanos,
            int crc) {
        Contribution.Builder contribution =
                Contribution.newBuilder()
                        .setStep(step)
                        .setFromRank(view.rank())
                        .setShard(shard)
                        .setFirstElement((long) stretch * geometry.reduceStretch())
                        .setCrc32C(crc)
                        .setAcknowledgedStep(acknowledgedStep)
                        .setExecuteNanos(executeNanos);
        for (MicroshardTree.Node node : geometry.nodes(view.rank())) {
            contribution.addNodes(
                    TreeNode.newBuilder()
                            .setLevel(node.level())
                            .setIndex(node.index())
                            .setLoss(loss(node, losses)));
        }
        return FrameHeader.newBuilder()
                .setJobId(view.jobId())
                .setEpoch(view.epoch())
                .setContribution(contribution)
                .build();
    }

    /**
     * The node's value over the stretch, into {@code sum} and {@code encoded} where they are
     * wanted. Block by block, so that what is added, encoded and checksummed stays in the nearest
     * cache.
     */
    private void sum(
            MicroshardTree.Node node,
            long first,
            int count,
            float @Nullable [] sum,
            @Nullable ByteBuf encoded,
            CRC32C crc) {
        float[] block = work.blocks().take();
        for (int at = 0; at < count; at += ViewWork.BLOCK) {
            int length = Math.min(ViewWork.BLOCK, count - at);
            sumBlock(node.level(), node.index(), first + at, block, length);
            if (sum != null) {
                System.arraycopy(block, 0, sum, at, length);
            }
            if (encoded != null) {
                ByteBuffer memory =
                        encoded.internalNioBuffer(at * Float.BYTES, length * Float.BYTES)
                                .order(ByteOrder.LITTLE_ENDIAN);
                memory.asFloatBuffer().put(block, 0, length);
                crc.update(memory);
            }
        }
        work.blocks().give(block);
        if (encoded != null) {
            encoded.writerIndex(count * Float.BYTES);
        }
    }

    /** A block of the node's value, added in the tree's order. */
    private void sumBlock(int level, int index, long first, float[] into, int count) {
        if (level == 0) {
            view.region()
                    .gradient(index - view.microshardBegin(view.rank()))
                    .read(first, into, 0, count);
            return;
        }
        sumBlock(level - 1, 2 * index, first, into, count);
        if (geometry.tree().exists(level - 1, 2 * index + 1)) {
            float[] right = work.blocks().take();
            sumBlock(level - 1, 2 * index + 1, first, right, count);
            FloatArrays.add(into, right, count);
            work.blocks().give(right);
        }
    }

    private float loss(MicroshardTree.Node node, float[] losses) {
        return loss(node.level(), node.index(), losses);
    }

    private float loss(int level, int index, float[] losses) {
        if (level == 0) {
            return losses[index - view.microshardBegin(view.rank())];
        }
        float left = loss(level - 1, 2 * index, losses);
        return geometry.tree().exists(level - 1, 2 * index + 1)
                ? left + loss(level - 1, 2 * index + 1, losses)
                : left;
    }

    /** One step's reduction. */
    private final class Round {
        private final long step;
        private final StretchSum[] sums;
        private final List<BitSet> claimed = new ArrayList<>();
        private final AtomicIntegerArray missing = new AtomicIntegerArray(view.ranks());
        private final long[] acknowledged = new long[view.ranks()];
        private final long[] executeNanos = new long[view.ranks()];
        private final BitSet heard = new BitSet();
        private final BitSet written = new BitSet();
        private boolean begun;
        private boolean released;
        private int writtenStretches;

        Round(long step) {
            this.step = step;
            this.sums = new StretchSum[geometry.reduceStretches(view.shard())];
            for (int stretch = 0; stretch < sums.length; stretch++) {
                sums[stretch] =
                        new StretchSum(
                                geometry.tree(),
                                geometry.reduceCount(view.shard(), stretch),
                                Reduction.this::add,
                                work.arrays(),
                                this::writeRoots);
            }
            for (int rank = 0; rank < view.ranks(); rank++) {
                claimed.add(new BitSet());
                missing.set(rank, sums.length);
            }
        }

        void heard(int rank, long acknowledgedStep, long nanos) {
            heard.set(rank);
            acknowledged[rank] = acknowledgedStep;
            executeNanos[rank] = nanos;
        }

        void took(int rank) {
            missing.decrementAndGet(rank);
            finish();
        }

        /** The own region may be written from the moment that the own part is begun. */
        void writeRoots() {
            if (!begun || released) {
                return;
            }
            for (int stretch = 0; stretch < sums.length; stretch++) {
                float[] root = sums[stretch].root();
                if (root == null || written.get(stretch)) {
                    continue;
                }
                written.set(stretch);
                int at = stretch;
                int count = sums[stretch].count();
                work.compute(
                        count * Float.BYTES,
                        () ->
                                view.region()
                                        .reduced()
                                        .write(
                                                (long) at * geometry.reduceStretch(),
                                                root,
                                                0,
                                                count),
                        () -> {
                            writtenStretches++;
                            finish();
                            if (sums.length > WINDOW) {
                                work.room();
                            }
                        },
                        () -> {});
            }
        }

        private void finish() {
            if (released
                    || !begun
                    || writtenStretches < sums.length
                    || heard.cardinality() < view.ranks()) {
                return;
            }
            long floor = Long.MAX_VALUE;
            for (long ofRank : acknowledged) {
                floor = Math.min(floor, ofRank);
            }
            float lossSum = sums[0].loss();
            release();
            rounds.remove(step);
            lastReduced = step;
            // Every rank has finished the step before, else it could not have contributed to this.
            work.outbox().dropBelow(step);
            work.underWay(null);
            results.reduced(view.epoch(), step, lossSum, floor, executeNanos);
        }

        void release() {
            released = true;
            for (StretchSum sum : sums) {
                sum.release();
            }
        }
    }

    private void add(float[] into, float[] other, int count, Runnable then) {
        work.compute(
                count * Float.BYTES, () -> FloatArrays.add(into, other, count), then, () -> {});
    }

    /** A contribution that is coming in. It is trusted when its checksum has been compared. */
    private final class Incoming implements PayloadSink {
        private final Round round;
        private final int fromRank;
        private final int stretch;
        private final int count;
        private final Contribution contribution;
        private final float[][] values;
        private @Nullable ByteBuf scratch;
        private int filledFloats;

        Incoming(Round round, int fromRank, int stretch, int count, Contribution contribution) {
            this.round = round;
            this.fromRank = fromRank;
            this.stretch = stretch;
            this.count = count;
            this.contribution = contribution;
            this.values = new float[contribution.getNodesCount()][];
            for (int i = 0; i < values.length; i++) {
                values[i] = work.arrays().take();
            }
        }

        @Override
        public ByteBuffer next(int remaining) {
            ByteBuf buffer = scratch;
            if (buffer == null) {
                buffer = work.scratch(count * Float.BYTES);
                scratch = buffer;
            }
            int ofNode = (count - filledFloats % count) * Float.BYTES;
            int bytes = Math.min(buffer.capacity() & -Float.BYTES, ofNode);
            return buffer.nioBuffer(0, bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public void filled(ByteBuffer buffer) {
            int floats = buffer.flip().remaining() / Float.BYTES;
            buffer.order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values[filledFloats / count], filledFloats % count, floats);
            filledFloats += floats;
        }

        @Override
        public void end(int crc32c) {
            freeScratch();
            if (crc32c != contribution.getCrc32C()) {
                giveBack();
                throw new ProtocolViolation(
                        "rank %d's contribution to step %d is damaged: CRC-32C %08x, expected %08x"
                                .formatted(fromRank, round.step, crc32c, contribution.getCrc32C()));
            }
            if (round.released || work.dropped()) {
                giveBack();
                return;
            }
            if (stretch == 0) {
                round.heard(
                        fromRank,
                        contribution.getAcknowledgedStep(),
                        contribution.getExecuteNanos());
            }
            for (int i = 0; i < values.length && !round.released; i++) {
                TreeNode node = contribution.getNodes(i);
                round.sums[stretch].insert(
                        node.getLevel(), node.getIndex(), values[i], node.getLoss());
            }
            round.took(fromRank);
        }

        @Override
        public void cancelled() {
            freeScratch();
            giveBack();
        }

        private void giveBack() {
            for (float[] value : values) {
                work.arrays().give(value);
            }
            round.claimed.get(fromRank).clear(stretch);
        }

        private void freeScratch() {
            ByteBuf buffer = scratch;
            if (buffer != null) {
                scratch = null;
                buffer.release();
            }
        }
    }
}
