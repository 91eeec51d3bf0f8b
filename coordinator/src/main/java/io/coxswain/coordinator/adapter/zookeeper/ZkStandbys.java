package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;

/** Counts who else stands in the election. A hint, as any cache. */
final class ZkStandbys implements AutoCloseable {
    private final CuratorCache cache;
    private final String folder;
    private final Inputs inputs;

    ZkStandbys(CuratorFramework client, ZkPaths paths, Inputs inputs) {
        this.folder = paths.election();
        this.inputs = inputs;
        this.cache = CuratorCache.build(client, folder);
        cache.listenable()
                .addListener(CuratorCacheListener.builder().forAll((_, _, _) -> tell()).build());
    }

    void start() {
        cache.start();
    }

    /** Tells how many there are, beside this one. */
    void tell() {
        long standing = cache.stream().filter(node -> !node.getPath().equals(folder)).count();
        inputs.offer(new CoordinatorInput.StandbysSeen((int) Math.max(0, standing - 1)));
    }

    @Override
    public void close() {
        cache.close();
    }
}
