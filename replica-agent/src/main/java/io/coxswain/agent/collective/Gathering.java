package io.coxswain.agent.collective;

import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.bridge.arena.FloatRegion;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.ParameterShard;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The all-gather of a view's steps: within a row of the mesh each rank sends its shard of the
 * parameters to all others. Confined to the lane's thread.
 */
final class Gathering {
    private static final int MAX_ROUNDS = 2;

    private final ViewWork work;
    private final CollectiveView view;
    private final Geometry geometry;
    private final ViewWork.Results results;
    private final Map<Long, Round> rounds = new HashMap<>();
    private long lastGathered = -1;
    private long lastBegun = -1;

    Gathering(ViewWork work, ViewWork.Results results) {
        this.work = work;
        this.view = work.view();
        this.geometry = work.geometry();
        this.results = results;
    }

    /** Begins the own part; false if the step was begun before. */
    boolean begin(long step) {
        if (step <= lastBegun) {
            return false;
        }
        lastBegun = step;
        Round round = round(step);
        if (round == null) {
            throw new IllegalStateException(
                    "step %d is gathered while steps %s are open".formatted(step, rounds.keySet()));
        }
        round.begun = true;
        work.underWay(round.missing);
        if (view.shards() > 1) {
            for (int stretch = 0; stretch < geometry.gatherStretches(view.shard()); stretch++) {
                give(step, stretch);
            }
        }
        round.finish();
        return true;
    }

    /**
     * Says where a shard's payload goes; null if it is too early to write it: the own worker may
     * still use the parameters.
     */
    @Nullable PayloadSink accept(int fromRank, ParameterShard shard, int payloadBytes) {
        long step = shard.getStep();
        int from = fromRank % view.shards();
        if (fromRank / view.shards() != view.replica() || shard.getShard() != from) {
            throw new ProtocolViolation(
                    "rank %d sent parameters of shard %d to rank %d of a mesh of %d×%d"
                            .formatted(
                                    fromRank,
                                    shard.getShard(),
                                    view.rank(),
                                    view.replicas(),
                                    view.shards()));
        }
        if (step <= lastGathered || step < lastBegun) {
            return PayloadSink.DISCARD;
        }
        if (step > lastBegun && step > work.reduction().lastBegun()) {
            return null;
        }
        Round round = round(step);
        if (round == null) {
            throw new ProtocolViolation(
                    "rank %d sends parameters of step %d while step %d is the last one gathered"
                            .formatted(fromRank, step, lastGathered));
        }
        long first = shard.getFirstElement();
        long stretch = first / Geometry.GATHER_STRETCH;
        if (first < 0
                || first % Geometry.GATHER_STRETCH != 0
                || stretch >= geometry.gatherStretches(from)
                || payloadBytes != geometry.gatherCount(from, (int) stretch) * Float.BYTES) {
            throw new ProtocolViolation(
                    "rank %d sent %d bytes of parameters from element %d on; shard %d has %d elements"
                            .formatted(fromRank, payloadBytes, first, from, view.elements(from)));
        }
        BitSet claimed = round.claimed.get(from);
        if (claimed.get((int) stretch)) {
            return PayloadSink.DISCARD;
        }
        claimed.set((int) stretch);
        return new Incoming(round, fromRank, (int) stretch, payloadBytes, shard);
    }

    void drop() {
        rounds.clear();
    }

    private void give(long step, int stretch) {
        long first = (long) stretch * Geometry.GATHER_STRETCH;
        int count = geometry.gatherCount(view.shard(), stretch);
        ByteBuffer memory =
                view.region().parameters().bytes(view.begin(view.shard()) + first, count);
        int[] crc = new int[1];
        work.compute(
                count * Float.BYTES,
                () -> crc[0] = ViewWork.crc(memory.duplicate()),
                () -> {
                    FrameHeader header =
                            FrameHeader.newBuilder()
                                    .setJobId(view.jobId())
                                    .setEpoch(view.epoch())
                                    .setParameterShard(
                                            ParameterShard.newBuilder()
                                                    .setStep(step)
                                                    .setFromRank(view.rank())
                                                    .setShard(view.shard())
                                                    .setFirstElement(first)
                                                    .setCrc32C(crc[0]))
                                    .build();
                    List<ByteBuf> payload =
                            count == 0 ? List.of() : List.of(Unpooled.wrappedBuffer(memory));
                    for (int shard = 0; shard < view.shards(); shard++) {
                        if (shard != view.shard()) {
                            int to = view.replica() * view.shards() + shard;
                            work.outbox().send(to, step, header, payload, true);
                        }
                    }
                    payload.forEach(ByteBuf::release);
                },
                () -> {});
    }

    private @Nullable Round round(long step) {
        Round round = rounds.get(step);
        if (round == null && rounds.size() < MAX_ROUNDS) {
            round = new Round(step);
            rounds.put(step, round);
        }
        return round;
    }

    /** One step's gather. */
    private final class Round {
        private final long step;
        private final List<BitSet> claimed = new ArrayList<>();
        private final AtomicIntegerArray missing = new AtomicIntegerArray(view.ranks());
        private boolean begun;
        private int left;

        Round(long step) {
            this.step = step;
            for (int shard = 0; shard < view.shards(); shard++) {
                claimed.add(new BitSet());
                if (shard != view.shard()) {
                    int stretches = geometry.gatherStretches(shard);
                    missing.set(view.replica() * view.shards() + shard, stretches);
                    left += stretches;
                }
            }
        }

        void finish() {
            if (begun && left == 0) {
                rounds.remove(step);
                lastGathered = step;
                work.underWay(null);
                results.gathered(view.epoch(), step);
            }
        }
    }

    /** Parameters that are coming in. They count when the checksum has been compared. */
    private final class Incoming implements PayloadSink {
        private final Round round;
        private final int fromRank;
        private final int stretch;
        private final int bytes;
        private final ParameterShard shard;
        private final long firstElement;
        private @Nullable ByteBuf scratch;
        private int filledBytes;

        Incoming(Round round, int fromRank, int stretch, int bytes, ParameterShard shard) {
            this.round = round;
            this.fromRank = fromRank;
            this.stretch = stretch;
            this.bytes = bytes;
            this.shard = shard;
            this.firstElement = view.begin(shard.getShard()) + shard.getFirstElement();
        }

        @Override
        public ByteBuffer next(int remaining) {
            ByteBuf buffer = scratch;
            if (buffer == null) {
                buffer = work.scratch(bytes);
                scratch = buffer;
            }
            return buffer.nioBuffer(0, Math.min(buffer.capacity() & -Float.BYTES, remaining))
                    .order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public void filled(ByteBuffer buffer) {
            buffer.flip();
            int count = buffer.remaining() / Float.BYTES;
            if (!work.dropped()) {
                // Not straight from the network: a region that was given up must never be written.
                FloatRegion parameters = view.region().parameters();
                parameters.bytes(firstElement + filledBytes / Float.BYTES, count).put(buffer);
            }
            filledBytes += count * Float.BYTES;
        }

        @Override
        public void end(int crc32c) {
            freeScratch();
            if (crc32c != shard.getCrc32C()) {
                round.claimed.get(shard.getShard()).clear(stretch);
                throw new ProtocolViolation(
                        "rank %d's parameters of step %d are damaged: CRC-32C %08x, expected %08x"
                                .formatted(fromRank, round.step, crc32c, shard.getCrc32C()));
            }
            if (!work.dropped()) {
                round.left--;
                round.missing.decrementAndGet(fromRank);
                round.finish();
            }
        }

        @Override
        public void cancelled() {
            freeScratch();
            round.claimed.get(shard.getShard()).clear(stretch);
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
