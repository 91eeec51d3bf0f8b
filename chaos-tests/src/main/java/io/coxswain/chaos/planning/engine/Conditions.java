package io.coxswain.chaos.planning.engine;

import io.coxswain.chaos.planning.failure.Fleet;

/**
 * The job and the machines that a plan is made for. Times in nanoseconds, sizes in bytes, rates in
 * bytes per second.
 *
 * @param ranks replicas · shards
 * @param stateBytes of one rank's shard
 * @param copies asked for besides the owner
 * @param protectLevel of the failure-domain path: 2 is the rack
 * @param every steps between snapshots, as asked for
 * @param memoryBytes shared memory that each agent may use
 * @param durableNanos between exports to durable storage, 0 for none
 */
public record Conditions(
        Fleet fleet,
        int replicas,
        int ranks,
        long durationNanos,
        long stepNanos,
        long stateBytes,
        int copies,
        int protectLevel,
        long every,
        long snapshotStallNanos,
        double copyRate,
        double restoreRate,
        double memoryRate,
        double diskRate,
        long memoryBytes,
        long durableNanos,
        long auditNanos,
        Costs costs) {
    private static final double SECOND = 1e9;

    /** Longer than any run, and short enough to be added to one. */
    private static final double ENDLESS = 3_650 * 86_400 * SECOND;

    /** The same with other machines, copies and snapshot interval. */
    public Conditions with(Fleet otherFleet, int otherCopies, long otherEvery) {
        return new Conditions(
                otherFleet,
                replicas,
                ranks,
                durationNanos,
                stepNanos,
                stateBytes,
                otherCopies,
                protectLevel,
                otherEvery,
                snapshotStallNanos,
                copyRate,
                restoreRate,
                memoryRate,
                diskRate,
                memoryBytes,
                durableNanos,
                auditNanos,
                costs);
    }

    /** Machines beyond the ranks. */
    public int spares() {
        return fleet.machines() - ranks;
    }

    public int shards() {
        return ranks / replicas;
    }

    /** Slots that a job would give up at a time: whole replicas, where there are several. */
    public int leastShrink() {
        return replicas > 1 ? shards() : 1;
    }

    /** One snapshot over the network to a holder, at replication's share of it. */
    public long copyNanos() {
        return copies == 0 ? 0 : nanos(stateBytes, copyRate);
    }

    /** One state from a donor. */
    public long fetchNanos() {
        return nanos(stateBytes, restoreRate);
    }

    /** One state from the local arena. */
    public long loadNanos() {
        return nanos(stateBytes, memoryRate);
    }

    /** One rank's state from or to durable storage. */
    public long diskNanos() {
        return nanos(stateBytes, diskRate);
    }

    /**
     * Steps between snapshots that are really taken: no sooner than one copy takes (design §6: a
     * snapshot is skipped while no slot is free).
     */
    public long effectiveEvery() {
        long least = Math.ceilDiv(copyNanos(), stepNanos);
        return Math.max(1, Math.ceilDiv(Math.max(every, least), every)) * every;
    }

    private static long nanos(long bytes, double rate) {
        return (long) Math.min(bytes / rate * SECOND, ENDLESS);
    }
}
