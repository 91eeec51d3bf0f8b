package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.app.KnownLeader;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.store.v1.Leader;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the leader's node, so that a standby can say who leads. A hint, as any cache. */
final class ZkLeaderNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZkLeaderNode.class);

    /** No cluster comes there by elections: where ZooKeeper is open, anybody may write anything. */
    private static final long MOST_TERM = 1L << 48;

    private final CuratorCache cache;
    private volatile KnownLeader known = KnownLeader.NOBODY;
    private volatile long newestTerm;

    ZkLeaderNode(CuratorFramework client, ZkPaths paths) {
        cache = CuratorCache.build(client, paths.leader(), CuratorCache.Options.SINGLE_NODE_CACHE);
        cache.listenable()
                .addListener(
                        CuratorCacheListener.builder()
                                .forAll((_, _, after) -> known = leader(after))
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

    // On one thread.
    private KnownLeader leader(@Nullable ChildData node) {
        if (node == null || node.getData() == null) {
            return KnownLeader.NOBODY;
        }
        try {
            Leader leader = Leader.parseFrom(node.getData());
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
