package io.coxswain.chaos.simulation.swarm;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import java.util.function.Predicate;

/**
 * Runs many seeds at once, each on one thread from its begin to its end: a seed's story does not
 * depend on how many others are told beside it.
 */
public final class Seeds {
    private static final int AHEAD_EACH = 8;

    private Seeds() {}

    /** As many threads as there are cores. */
    public static int threads() {
        return Runtime.getRuntime().availableProcessors();
    }

    /**
     * Runs the seeds from the first on.
     *
     * @param last the last one; more may be under way than are ever looked at
     * @param run the drill of a seed, on any of the threads
     * @param take gets each result in the order of seeds, on the calling thread; false: no more
     * @throws InterruptedException when the caller is interrupted while it waits
     */
    public static void run(
            long first,
            long last,
            int threads,
            LongFunction<SeedResult> run,
            Predicate<SeedResult> take)
            throws InterruptedException {
        var underWay = new ArrayDeque<Future<SeedResult>>();
        ExecutorService pool =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().daemon().name("swarm-", 1).factory());
        try {
            long next = first;
            while (true) {
                // Counted, not compared: the last seed may be the largest number there is.
                while (underWay.size() < threads * AHEAD_EACH && next - 1 < last) {
                    long seed = next++;
                    underWay.addLast(pool.submit(() -> run.apply(seed)));
                }
                if (underWay.isEmpty() || !take.test(underWay.removeFirst().get())) {
                    return;
                }
            }
        } catch (ExecutionException failed) {
            throw new IllegalStateException("a seed could not be run", failed.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}
