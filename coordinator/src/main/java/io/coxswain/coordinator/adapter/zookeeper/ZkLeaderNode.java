package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.app.KnownLeader;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.store.v1.Leader;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.zookeeper.KeeperException.Code;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the leader's node, so that a standby can say who leads. A hint, as any cache. */
final class ZkLeaderNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZkLeaderNode.class);

    /** No cluster comes there by elections: where ZooKeeper is open, anybody may write anything. */
    private static final long MOST_TERM = 1L << 48;

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final CuratorCache cache;
    private volatile KnownLeader known = KnownLeader.NOBODY;
    private volatile long newestTerm;

    ZkLeaderNode(CuratorFramework client, ZkPaths paths) {
        this.client = client;
        this.paths = paths;
        cache = CuratorCache.build(client, paths.leader(), CuratorCache.Options.SINGLE_NODE_CACHE);
        cache.listenable()
                .addListener(
                        CuratorCacheListener.builder()
                                .forAll((_, _, after) ->
                                        found(after == null ? null : after.getData()))
                                .build());
    }

    void start() {
        cache.start();
    }

    /** Any thread. */
    KnownLeader known() {
        return known;
    }

    /** The highest term of a leader that was seen. Any thread. */
    long newestTerm() {
        return newestTerm;
    }

    /**
     * Reads it besides: the cache tells versions apart by transaction numbers, which begin anew
     * where ZooKeeper is set up anew.
     */
    void look() throws Exception {
        client.getData()
                .inBackground((_, read) -> {
                    Code code = Code.get(read.getResultCode());
                    if (code == Code.OK || code == Code.NONODE) {
                        found(read.getData());
                    }
                })
                .forPath(paths.leader());
    }

    private synchronized void found(byte @Nullable [] data) {
        known = data == null ? KnownLeader.NOBODY : leader(data);
    }

    private KnownLeader leader(byte[] data) {
        try {
            Leader leader = Leader.parseFrom(data);
            if (leader.getTerm() < MOST_TERM) {
                newestTerm = Math.max(newestTerm, leader.getTerm());
            }
            Endpoint control = leader.getControlEndpoint();
            return new KnownLeader(
                    leader.getCoordinatorId(),
                    leader.getPage(),
                    control.getHost().isEmpty() ? "" : control.getHost() + ":" + control.getPort());
        } catch (InvalidProtocolBufferException unreadable) {
            LOG.warn("the leader's node cannot be read: {}", unreadable.toString());
            return KnownLeader.NOBODY;
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
