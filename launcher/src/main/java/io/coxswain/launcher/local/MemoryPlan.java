package io.coxswain.launcher.local;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.job.RuntimeSection;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The shared memory of a one-machine run, worked out before anything is started. All in bytes. Sums
 * are a little above what is used: headers and rounding are estimated.
 *
 * @param region a worker's exchange buffers and live state
 * @param state one snapshot of the largest shard
 * @param ranks of the mesh
 * @param spares agents beyond the ranks
 * @param shards that a spare may hold copies of
 * @param streamed copies of each shard that are streamed to peers
 */
public record MemoryPlan(long region, long state, int ranks, int spares, int shards, int streamed) {
    private static final long SLOTS = 3;
    private static final long PAGES = 64 << 10;

    /** No agent takes a smaller one. */
    private static final long LEAST_BUDGET = 1 << 20;

    /** For a job on that many agents. */
    public static MemoryPlan of(JobFile job, int agents) {
        int ranks = job.mesh().ranks();
        long elements = job.parameters();
        int shards = job.mesh().shards();
        long microshards = Math.ceilDiv(job.microshards(), ranks);
        long state = job.runtime().stateBytes(shards) + PAGES;
        long region =
                elements * Float.BYTES * (1 + microshards)
                        + RuntimeSection.shardElements(elements, shards) * Float.BYTES
                        + job.runtime().liveBytes()
                        + PAGES;
        return new MemoryPlan(
                region, state, ranks, Math.max(0, agents - ranks), shards, job.copies());
    }

    /** What one agent may come to use: a rank, its worker's restart, and a copy of every shard. */
    public long agentBudget() {
        return Math.max(LEAST_BUDGET, rank() + restart() + shards * SLOTS * state);
    }

    /**
     * What the whole run may use at once: every rank, every copy, and the room that one recovery
     * takes.
     */
    public long total() {
        long copies = spares > 0 ? (long) spares * shards : (long) streamed * shards;
        return ranks * rank() + spares * region + copies * SLOTS * state + restart();
    }

    private long rank() {
        return region + SLOTS * state;
    }

    private long restart() {
        return region + state;
    }

    /** The sum in words. */
    public String explained() {
        return Texts.count(ranks, "rank")
                + " × "
                + Texts.bytes(rank())
                + " (exchange buffers, live state, 3 snapshots)"
                + (spares > 0
                        ? " + "
                                + Texts.count(spares, "spare")
                                + " × "
                                + Texts.bytes(region + shards * SLOTS * state)
                                + " (a warm worker, 3 snapshots of "
                                + Texts.count(shards, "shard")
                                + ")"
                        : " + copies " + Texts.bytes((long) streamed * shards * SLOTS * state))
                + " + "
                + Texts.bytes(restart())
                + " for a recovery = "
                + Texts.bytes(total());
    }

    /**
     * Checks that the run fits where arenas are kept.
     *
     * @throws EnvironmentException with the sum, what is free, and what to change
     */
    public void require(Path arenas) throws EnvironmentException {
        long free;
        try {
            if (!Files.isDirectory(arenas) || !Files.isWritable(arenas)) {
                throw new EnvironmentException(
                        "the folder for shared memory, "
                                + arenas
                                + ", is not there or cannot be written to; name another (best on"
                                + " tmpfs) with --arena-dir");
            }
            free = Files.getFileStore(arenas).getUsableSpace();
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot see how much is free in " + arenas + ": " + e.getMessage(), e);
        }
        if (total() > free) {
            throw new EnvironmentException(
                    "not enough shared memory in "
                            + arenas
                            + ": the run needs "
                            + Texts.bytes(total())
                            + ", free are "
                            + Texts.bytes(free)
                            + ". The sum: "
                            + explained()
                            + ". Lower runtime.ballast, protect.copies or --spares, make "
                            + arenas
                            + " larger, or name another folder with --arena-dir");
        }
    }
}
