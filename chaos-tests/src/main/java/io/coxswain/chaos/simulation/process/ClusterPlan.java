package io.coxswain.chaos.simulation.process;

import io.coxswain.coordinator.core.model.Mesh;

/**
 * A cluster and a job to simulate.
 *
 * @param spares agents beyond the mesh
 * @param coordinators processes that stand for election
 * @param hostsPerRack agents that share a domain at level 0
 * @param reproducible false: a state also depends on the view that made it
 * @param executeNanos mean time of a rank's gradients
 * @param delayNanos least one-way delay; {@code jitterNanos}: mean of what comes on top
 * @param copyNanos mean time of a copy
 * @param lossy packets get lost and threads are held up, so that words and news come late
 * @param reduction who reduces between ranks
 */
public record ClusterPlan(
        Mesh mesh,
        int spares,
        int coordinators,
        int hostsPerRack,
        long steps,
        int microshards,
        int batch,
        int copies,
        int protectEvery,
        int protectLevel,
        boolean reproducible,
        long executeNanos,
        long loadNanos,
        long delayNanos,
        long jitterNanos,
        long copyNanos,
        boolean lossy,
        Reduction reduction) {
    /** Who reduces between ranks. */
    public enum Reduction {
        AGENTS,
        /** The workers; a new view has new ones. */
        WORKERS,
        /** The workers, which live on when a view ends. */
        REFORMING_WORKERS
    }

    public ClusterPlan {
        if (spares < 0 || coordinators < 1 || hostsPerRack < 1 || microshards < mesh.ranks()) {
            throw new IllegalArgumentException(
                    "a cluster needs a coordinator, hosts in racks and a microshard per rank");
        }
    }

    /** With agents that reduce. */
    public ClusterPlan(
            Mesh mesh,
            int spares,
            int coordinators,
            int hostsPerRack,
            long steps,
            int microshards,
            int batch,
            int copies,
            int protectEvery,
            int protectLevel,
            boolean reproducible,
            long executeNanos,
            long loadNanos,
            long delayNanos,
            long jitterNanos,
            long copyNanos,
            boolean lossy) {
        this(
                mesh,
                spares,
                coordinators,
                hostsPerRack,
                steps,
                microshards,
                batch,
                copies,
                protectEvery,
                protectLevel,
                reproducible,
                executeNanos,
                loadNanos,
                delayNanos,
                jitterNanos,
                copyNanos,
                lossy,
                Reduction.AGENTS);
    }

    /** The same with other coordinators and another length of the job; packets get lost. */
    public ClusterPlan rough(int otherCoordinators, long otherSteps) {
        return new ClusterPlan(
                mesh,
                spares,
                otherCoordinators,
                hostsPerRack,
                otherSteps,
                microshards,
                batch,
                copies,
                protectEvery,
                protectLevel,
                reproducible,
                executeNanos,
                loadNanos,
                delayNanos,
                jitterNanos,
                copyNanos,
                true,
                reduction);
    }

    /**
     * The same for a job whose workers reduce.
     *
     * @param cut the state is cut over the mesh's shards; else all ranks hold the whole state
     */
    public ClusterPlan reducedBy(Reduction by, boolean cut) {
        return new ClusterPlan(
                cut ? mesh : new Mesh(mesh.ranks(), 1),
                spares,
                coordinators,
                hostsPerRack,
                steps,
                microshards,
                batch,
                copies,
                protectEvery,
                protectLevel,
                reproducible,
                executeNanos,
                loadNanos,
                delayNanos,
                jitterNanos,
                copyNanos,
                lossy,
                by);
    }

    /** Agents in all. */
    public int agents() {
        return mesh.ranks() + spares;
    }
}
