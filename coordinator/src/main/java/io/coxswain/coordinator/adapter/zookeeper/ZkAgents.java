package io.coxswain.coordinator.adapter.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.core.model.AgentKey;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the agents' registrations. What it tells are hints: a cache loses events and a path may
 * show a dead incarnation, so identity is read from the data.
 */
final class ZkAgents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZkAgents.class);

    private final Inputs inputs;
    private final CuratorCache cache;
    private final String folder;

    ZkAgents(CuratorFramework client, ZkPaths paths, Inputs inputs) {
        this.inputs = inputs;
        this.folder = paths.agents();
        this.cache = CuratorCache.build(client, folder);
        cache.listenable()
                .addListener(
                        CuratorCacheListener.builder()
                                .forAll((_, before, after) -> changed(before, after))
                                .build());
    }

    void start() {
        cache.start();
    }

    /** Tells of all registrations once more: a new leader knows none. */
    void repeat() {
        cache.stream().forEach(node -> changed(null, node));
    }

    private void changed(@Nullable ChildData before, @Nullable ChildData after) {
        AgentKey old = key(before);
        AgentKey now = key(after);
        if (old != null && !old.equals(now)) {
            inputs.offer(new CoordinatorInput.AgentUnregistered(old));
        }
        if (now != null) {
            inputs.offer(new CoordinatorInput.AgentRegistered(now));
        }
    }

    private @Nullable AgentKey key(@Nullable ChildData node) {
        if (node == null || node.getPath().equals(folder)) {
            return null;
        }
        byte[] bytes = node.getData();
        if (bytes == null || bytes.length == 0) {
            return null;
        }
        try {
            return StoreCodec.agent(bytes);
        } catch (InvalidProtocolBufferException | IllegalArgumentException unreadable) {
            LOG.warn(
                    "the registration {} cannot be read: {}",
                    node.getPath(),
                    unreadable.toString());
            return null;
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
