package io.coxswain.coordinator.adapter.zookeeper;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;

/** The folders below the chroot and the term's node: made once, by whoever comes first. */
final class ZkTree {
    private static final Logger LOG = LoggerFactory.getLogger(ZkTree.class);

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final ZkAcls acls;
    private volatile boolean made;

    ZkTree(CuratorFramework client, ZkPaths paths, ZkAcls acls) {
        this.client = client;
        this.paths = paths;
        this.acls = acls;
    }

    /**
     * Makes what is missing, and closes what is open to strangers.
     *
     * @param newestTerm that was heard of: the first term here is above it
     */
    void make(long newestTerm) throws Exception {
        if (made) {
            return;
        }
        for (String folder : List.of(paths.controller(), paths.agents(), paths.jobs())) {
            make(folder, new byte[0]);
        }
        make(paths.term(), ZkLayout.first(newestTerm).toByteArray());
        acls.close(client);
        made = true;
    }

    /** What was made is gone. */
    void makeAnew(long newestTerm) throws Exception {
        made = false;
        make(newestTerm);
    }

    private void make(String path, byte[] bytes) throws Exception {
        try {
            client.create().creatingParentsIfNeeded().forPath(path, bytes);
        } catch (KeeperException.NodeExistsException there) {
            LOG.debug("{} is there", path);
        }
    }
}
