package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.Picture;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The newest frame, made once for all viewers and only while there is one who asks. Making frames
 * takes 2 % of one processor at most, however large they are. Thread-safe.
 */
final class PageFrames {
    private static final long LEAST_NANOS = 200_000_000;
    private static final long SHARE = 50;

    private final Supplier<Picture> newest;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by lock.
    private @Nullable PageFrame frame;
    private long againNanos;

    PageFrames(Supplier<Picture> newest) {
        this(newest, System::nanoTime);
    }

    PageFrames(Supplier<Picture> newest, LongSupplier nanoTime) {
        this.newest = newest;
        this.nanoTime = nanoTime;
    }

    /** The newest frame, or one that is a moment old. */
    PageFrame newest() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            PageFrame known = frame;
            long begun = nanoTime.getAsLong();
            if (known != null && begun - againNanos < 0) {
                return known;
            }
            Picture picture = newest.get();
            if (known != null && known.picture().sequence() == picture.sequence()) {
                return known;
            }
            PageFrame made = PageFrame.of(picture, known);
            long ended = nanoTime.getAsLong();
            frame = made;
            againNanos = ended + Math.max(LEAST_NANOS, SHARE * (ended - begun));
            return made;
        } finally {
            lock.unlock();
        }
    }
}
