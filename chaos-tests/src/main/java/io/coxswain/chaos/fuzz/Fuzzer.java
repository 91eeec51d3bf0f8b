package io.coxswain.chaos.fuzz;

import org.jspecify.annotations.Nullable;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Feeds a target. An input is a find if the parser throws what it may not, takes more memory than
 * an input can be worth, or does not come back.
 */
public final class Fuzzer implements AutoCloseable {
    private static final long HANG_SECONDS = 30;
    private static final long MOST_ALLOCATED_BYTES = 512L << 20;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final FuzzTarget target;
    private final long seed;
    private final List<byte[]> seeds;
    private final ExecutorService thread;
    private long refusals;

    /** Feeds inputs that the seed determines; the target is the caller's to close. */
    public Fuzzer(FuzzTarget target, long seed) {
        this.target = target;
        this.seed = seed;
        this.seeds = List.copyOf(target.seeds());
        this.thread =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("fuzz-" + target.name()).factory());
        if (seeds.isEmpty()) {
            throw new IllegalArgumentException(target.name() + " has nothing to mutate");
        }
    }

    /** Feeds the good inputs as they are: none may be refused. */
    public @Nullable Find seeds() {
        for (int i = 0; i < seeds.size(); i++) {
            Throwable thrown = fed(seeds.get(i));
            if (thrown != null) {
                return new Find(target.name(), seed, -1 - i, seeds.get(i), thrown);
            }
        }
        return null;
    }

    /** Feeds the inputs with these numbers; the first find ends it. */
    public @Nullable Find feed(long first, long count) {
        for (long i = first; i < first + count && !Thread.currentThread().isInterrupted(); i++) {
            byte[] input = Mutator.mutate(seeds, new SplittableRandom(seed ^ ((i + 1) * GOLDEN)));
            Throwable thrown = fed(input);
            if (thrown != null && target.isRefusal(thrown)) {
                refusals++;
            } else if (thrown != null) {
                return new Find(target.name(), seed, i, input, thrown);
            }
        }
        return null;
    }

    /** What is fed. */
    public FuzzTarget target() {
        return target;
    }

    /** Inputs that were refused so far. */
    public long refusals() {
        return refusals;
    }

    // Null: it was taken.
    private @Nullable Throwable fed(byte[] input) {
        var call =
                thread.submit(() -> {
                    long before = allocated();
                    target.feed(input);
                    return allocated() - before;
                });
        try {
            long bytes = call.get(HANG_SECONDS, TimeUnit.SECONDS);
            return bytes <= MOST_ALLOCATED_BYTES
                    ? null
                    : new IllegalStateException(
                            "it took " + (bytes >> 20) + " MiB for " + input.length + " bytes");
        } catch (ExecutionException failed) {
            return failed.getCause() == null ? failed : failed.getCause();
        } catch (TimeoutException hangs) {
            return new IllegalStateException(
                    "it did not come back for " + HANG_SECONDS + " s", hangs);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private static long allocated() {
        return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean bean
                ? bean.getCurrentThreadAllocatedBytes()
                : 0;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
