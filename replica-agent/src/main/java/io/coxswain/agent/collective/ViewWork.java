package io.coxswain.agent.collective;

import io.coxswain.agent.transfer.Lane;
import io.coxswain.agent.transfer.Link;
import io.netty.buffer.ByteBuf;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.zip.CRC32C;

/** What reductions and gathers of one view share. Confined to the lane's thread unless noted. */
final class ViewWork {
    /** Sums of more than this leave the lane's thread. */
    private static final int INLINE_BYTES = 256 << 10;

    /**
     * Small enough that what the network brought is still in a near cache when it is checked and
     * taken.
     */
    private static final int SCRATCH_BYTES = 64 << 10;

    /** Elements that are worked on together: two such blocks fit into the first-level cache. */
    static final int BLOCK = 4096;

    /** Told of results; decides whether they still count. */
    interface Results {
        void reduced(long epoch, long step, double lossSum, long floor, long[] executeNanosByRank);

        void gathered(long epoch, long step);
    }

    private final CollectiveView view;
    private final Geometry geometry;
    private final FloatArrays arrays;
    private final FloatArrays blocks = new FloatArrays(BLOCK);
    private final Lane lane;
    private final Executor summer;
    private final Outbox outbox;
    private final Runnable room;
    private final Reduction reduction;
    private final Gathering gathering;
    private final List<Runnable> quiet = new ArrayList<>();
    private volatile boolean dropped;
    private volatile @Nullable AtomicIntegerArray missing;
    private int tasks;

    ViewWork(
            CollectiveView view,
            Lane lane,
            Executor summer,
            @Nullable Link[] links,
            Runnable room,
            Results results) {
        this.view = view;
        this.geometry = new Geometry(view);
        this.arrays = new FloatArrays(geometry.longestStretch());
        this.lane = lane;
        this.summer = summer;
        this.room = room;
        this.outbox = new Outbox(links, this::settleQuiet);
        this.reduction = new Reduction(this, results);
        this.gathering = new Gathering(this, results);
    }

    CollectiveView view() {
        return view;
    }

    Geometry geometry() {
        return geometry;
    }

    FloatArrays arrays() {
        return arrays;
    }

    /** Arrays of {@link #BLOCK} elements. */
    FloatArrays blocks() {
        return blocks;
    }

    Outbox outbox() {
        return outbox;
    }

    Reduction reduction() {
        return reduction;
    }

    Gathering gathering() {
        return gathering;
    }

    boolean dropped() {
        return dropped;
    }

    /** The operation under way lacks so many frames of each rank. */
    void underWay(@Nullable AtomicIntegerArray framesByRank) {
        missing = framesByRank;
    }

    /** As {@link #underWay}. Any thread. */
    @Nullable AtomicIntegerArray missing() {
        return missing;
    }

    /**
     * Runs work on this many bytes, here if it is little. The rest follows on the lane's thread:
     * one of the two, as the view stands or was dropped meanwhile.
     */
    void compute(int bytes, Runnable work, Runnable then, Runnable ifDropped) {
        if (bytes <= INLINE_BYTES) {
            work.run();
            then.run();
            return;
        }
        tasks++;
        summer.execute(() -> {
            try {
                if (!dropped) {
                    work.run();
                }
            } finally {
                lane.execute(() -> {
                    tasks--;
                    if (dropped) {
                        ifDropped.run();
                        settleQuiet();
                    } else {
                        then.run();
                    }
                });
            }
        });
    }

    /** Stops; it is run when the region is not touched any more. */
    void drop(Runnable done) {
        quiet.add(done);
        if (!dropped) {
            dropped = true;
            missing = null;
            reduction.drop();
            gathering.drop();
            outbox.drop();
        }
        settleQuiet();
    }

    /** Some of what came too early may be taken now. */
    void room() {
        room.run();
    }

    /** A buffer for bytes on their way, to be released. */
    ByteBuf scratch(int atMost) {
        return lane.allocator().directBuffer(Math.min(atMost, SCRATCH_BYTES));
    }

    /** A buffer for a frame's payload. Any thread. */
    ByteBuf buffer(int bytes) {
        return lane.allocator().directBuffer(bytes);
    }

    static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private void settleQuiet() {
        if (dropped && tasks == 0 && !outbox.regionInUse()) {
            List<Runnable> told = List.copyOf(quiet);
            quiet.clear();
            told.forEach(Runnable::run);
        }
    }
}
