package io.coxswain.agent.collective;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.ArenaFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The agents of a mesh in one JVM: real sockets, real arena files, no coordinator. */
final class CollectiveMesh implements AutoCloseable {
    /** What a listener was told. */
    sealed interface Told {
        record Reduced(long epoch, long step, double loss, long floor, List<Long> nanos)
                implements Told {}

        record Gathered(long epoch, long step) implements Told {}

        record Unreachable(long epoch, int rank, String detail) implements Told {}
    }

    /** One agent. */
    static final class Node implements Collective.Listener {
        final NettyDataPlane plane;
        final TreeCollective collective;
        final ArenaFile region;
        final BlockingQueue<Told> told = new LinkedBlockingQueue<>();

        Node(NettyDataPlane plane, ArenaFile region) {
            this.plane = plane;
            this.collective = new TreeCollective(plane, this);
            this.region = region;
        }

        @Override
        public void reduced(long epoch, long step, double loss, long floor, long[] nanos) {
            told.add(
                    new Told.Reduced(
                            epoch, step, loss, floor, Arrays.stream(nanos).boxed().toList()));
        }

        @Override
        public void gathered(long epoch, long step) {
            told.add(new Told.Gathered(epoch, step));
        }

        @Override
        public void peerUnreachable(long epoch, int rank, String detail) {
            told.add(new Told.Unreachable(epoch, rank, detail));
        }

        /** The next result; word of unreachable peers is skipped. */
        Told next() throws InterruptedException {
            while (true) {
                Told next = told.poll(20, TimeUnit.SECONDS);
                if (next == null) {
                    throw new AssertionError(
                            "nothing was told; waiting for ranks " + collective.waitingForRanks());
                }
                if (!(next instanceof Told.Unreachable)) {
                    return next;
                }
            }
        }

        /** Ends all connections of this agent's collectives. */
        void cutConnections() {
            plane.collectives()
                    .execute(() ->
                            plane.collectives()
                                    .connections()
                                    .forEach(c -> c.close("cut by the test")));
        }
    }

    private static final AtomicInteger NAMES = new AtomicInteger();

    String jobId = "job";
    final int replicas;
    final int shards;
    final int microshards;
    final List<Long> bounds;
    final List<Node> nodes = new ArrayList<>();

    CollectiveMesh(Path folder, int replicas, int shards, int microshards, int elements)
            throws IOException {
        this(folder, replicas, shards, microshards, elements, DataPlaneSettings.loopback());
    }

    CollectiveMesh(
            Path folder,
            int replicas,
            int shards,
            int microshards,
            int elements,
            DataPlaneSettings settings)
            throws IOException {
        this.replicas = replicas;
        this.shards = shards;
        this.microshards = microshards;
        this.bounds = new ArrayList<>();
        for (int s = 0; s <= shards; s++) {
            bounds.add((long) elements * s / shards);
        }
        int ranks = replicas * shards;
        for (int rank = 0; rank < ranks; rank++) {
            int name = NAMES.incrementAndGet();
            ArenaFile region =
                    ArenaFile.create(
                            folder.resolve("region-" + name),
                            new ArenaFile.Shape(
                                    elements,
                                    (microshards + ranks - 1) / ranks,
                                    elements / shards + 1,
                                    0,
                                    0,
                                    0,
                                    0));
            AgentKey key = new AgentKey("agent-" + name, "%032x".formatted(name));
            Node node = new Node(new NettyDataPlane(key, settings), region);
            node.plane.start();
            nodes.add(node);
        }
    }

    Node node(int rank) {
        return nodes.get(rank);
    }

    CollectiveView view(long epoch, int rank) {
        List<Peer> members =
                nodes.stream().map(n -> new Peer(n.plane.self(), n.plane.endpoint())).toList();
        return new CollectiveView(
                jobId,
                epoch,
                rank,
                replicas,
                shards,
                microshards,
                bounds,
                members,
                nodes.get(rank).region);
    }

    void configure(long epoch) {
        for (int rank = 0; rank < nodes.size(); rank++) {
            node(rank).collective.configure(view(epoch, rank));
        }
    }

    int firstMicroshard(int rank) {
        return (int) ((long) rank * microshards / nodes.size());
    }

    /** Random gradients of all microshards, written to the ranks that have them. */
    float[][] gradients(Random random) {
        int elements = Math.toIntExact(bounds.getLast());
        float[][] gradients = new float[microshards][elements];
        for (float[] gradient : gradients) {
            for (int i = 0; i < elements; i++) {
                // Of very different sizes, so that another order of additions shows.
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(9) - 4));
            }
        }
        for (int rank = 0; rank < nodes.size(); rank++) {
            int first = firstMicroshard(rank);
            for (int m = first; m < firstMicroshard(rank + 1); m++) {
                node(rank).region.gradient(m - first).write(0, gradients[m], 0, elements);
            }
        }
        return gradients;
    }

    float[] losses(int rank, float[] all) {
        return Arrays.copyOfRange(all, firstMicroshard(rank), firstMicroshard(rank + 1));
    }

    /** The plain definition: level by level, neighbours added, a lone last one taken over. */
    static float[] treeSum(float[][] leaves) {
        float[][] level = leaves;
        while (level.length > 1) {
            float[][] parents = new float[(level.length + 1) / 2][];
            for (int i = 0; i < parents.length; i++) {
                parents[i] = level[2 * i].clone();
                if (2 * i + 1 < level.length) {
                    for (int j = 0; j < parents[i].length; j++) {
                        parents[i][j] = level[2 * i][j] + level[2 * i + 1][j];
                    }
                }
            }
            level = parents;
        }
        return level[0];
    }

    @Override
    public void close() {
        for (Node node : nodes) {
            node.collective.close();
            node.plane.close();
            node.region.close();
        }
    }
}
