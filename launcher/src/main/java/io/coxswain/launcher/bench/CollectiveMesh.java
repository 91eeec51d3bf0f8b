package io.coxswain.launcher.bench;

import io.coxswain.agent.collective.Collective;
import io.coxswain.agent.collective.CollectiveView;
import io.coxswain.agent.collective.TreeCollective;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The collectives of all ranks of a mesh, as their agents have them, in this process: real sockets
 * and shared memory, and no worker.
 */
final class CollectiveMesh implements AutoCloseable {
    private static final long EPOCH = 1;
    private static final long PATIENCE_SECONDS = 30;

    private final List<Node> nodes = new ArrayList<>();
    private final List<Long> shardBegin = new ArrayList<>();
    private final int microshards;
    private long step;

    /** One rank. */
    private static final class Node implements Collective.Listener {
        final NettyDataPlane plane;
        final TreeCollective collective;
        final Semaphore done = new Semaphore(0);

        Node(int rank) throws IOException {
            plane =
                    new NettyDataPlane(
                            new AgentKey("bench-" + rank, "%032x".formatted(rank + 1)),
                            DataPlaneSettings.loopback());
            collective = new TreeCollective(plane, this);
            plane.start();
        }

        @Override
        public void reduced(
                long epoch, long ofStep, double lossSum, long floor, long[] executeNanosByRank) {
            done.release();
        }

        @Override
        public void gathered(long epoch, long ofStep) {
            done.release();
        }

        @Override
        public void peerUnreachable(long epoch, int rank, String detail) {
            // Tried again while the view stands; who waits gives up after a while.
        }
    }

    CollectiveMesh(JobFile job, ScratchArenas arenas) throws IOException, EnvironmentException {
        int replicas = job.mesh().replicas();
        int shards = job.mesh().shards();
        int ranks = job.mesh().ranks();
        long elements = job.parameters();
        microshards = job.microshards();
        for (int shard = 0; shard <= shards; shard++) {
            shardBegin.add(elements * shard / shards);
        }
        var regions = new ArrayList<ArenaFile>();
        for (int rank = 0; rank < ranks; rank++) {
            regions.add(
                    arenas.make(
                            new ArenaFile.Shape(
                                    elements,
                                    Math.ceilDiv(microshards, ranks),
                                    elements / shards + 1,
                                    0,
                                    0,
                                    0,
                                    0)));
            nodes.add(new Node(rank));
        }
        List<Peer> members =
                nodes.stream()
                        .map(node -> new Peer(node.plane.self(), node.plane.endpoint()))
                        .toList();
        for (int rank = 0; rank < ranks; rank++) {
            nodes.get(rank)
                    .collective
                    .configure(
                            new CollectiveView(
                                    "bench",
                                    EPOCH,
                                    rank,
                                    replicas,
                                    shards,
                                    microshards,
                                    shardBegin,
                                    members,
                                    regions.get(rank)));
        }
    }

    /**
     * Reduces, then gathers, as one step does; returns the nanoseconds until the last rank has
     * everything.
     */
    long step() throws InterruptedException, EnvironmentException {
        step++;
        long before = System.nanoTime();
        for (int rank = 0; rank < nodes.size(); rank++) {
            int own = first(rank + 1) - first(rank);
            nodes.get(rank).collective.reduce(EPOCH, step, new float[own], 0, 0);
        }
        awaitAll();
        for (Node node : nodes) {
            node.collective.gather(EPOCH, step);
        }
        awaitAll();
        return System.nanoTime() - before;
    }

    private int first(int rank) {
        return (int) ((long) rank * microshards / nodes.size());
    }

    private void awaitAll() throws InterruptedException, EnvironmentException {
        for (int rank = 0; rank < nodes.size(); rank++) {
            Node node = nodes.get(rank);
            if (!node.done.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new EnvironmentException(
                        "rank "
                                + rank
                                + " waited "
                                + PATIENCE_SECONDS
                                + " s in vain for ranks "
                                + node.collective.waitingForRanks());
            }
        }
    }

    @Override
    public void close() {
        for (Node node : nodes) {
            node.collective.close();
            node.plane.close();
        }
    }
}
