package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.proto.store.v1.Term;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The version of what stands below the chroot. It is part of the term's node: who raises the term
 * has read it by that very write's version, so no leader writes what it has not understood.
 */
final class ZkLayout {
    private static final Logger LOG = LoggerFactory.getLogger(ZkLayout.class);

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final String coordinatorId;
    private volatile String refusal = "";

    ZkLayout(CuratorFramework client, ZkPaths paths, String coordinatorId) {
        this.client = client;
        this.paths = paths;
        this.coordinatorId = coordinatorId;
    }

    /**
     * The term before the first.
     *
     * @param newest that was heard of before, where ZooKeeper was set up anew; 0: none
     */
    static Term first(long newest) {
        return Term.newBuilder()
                .setTerm(newest)
                .setLayoutMajor(ProtocolVersion.LAYOUT.major())
                .setLayoutMinor(ProtocolVersion.LAYOUT.minor())
                .build();
    }

    /** The next term; the newest minor that ever led stays on record, as does what is unknown. */
    static Term next(Term before, long term, String coordinatorId) {
        ProtocolVersion stored = of(before);
        ProtocolVersion newest =
                stored.isNewerThan(ProtocolVersion.LAYOUT) ? stored : ProtocolVersion.LAYOUT;
        return before.toBuilder()
                .setTerm(term)
                .setCoordinatorId(coordinatorId)
                .setLayoutMajor(newest.major())
                .setLayoutMinor(newest.minor())
                .build();
    }

    private static ProtocolVersion of(Term term) {
        return ProtocolVersion.told(term.getLayoutMajor(), term.getLayoutMinor());
    }

    /** Whether what stands there may be led; else {@link #refusal} says why not. */
    boolean admits(Term stored) {
        ProtocolVersion theirs = of(stored);
        String reason =
                theirs.goesWith(ProtocolVersion.LAYOUT)
                        ? ""
                        : "coordinator %s knows layout %s, what stands in ZooKeeper below '%s' is of %s: %s; it writes nothing and does not stand for election"
                                .formatted(
                                        coordinatorId,
                                        ProtocolVersion.LAYOUT,
                                        paths.root().isEmpty() ? "/" : paths.root(),
                                        theirs,
                                        theirs.isNewerThan(ProtocolVersion.LAYOUT)
                                                ? "this coordinator is the older one and is to be"
                                                        + " upgraded (docs/upgrade.md)"
                                                : "it is to be brought up to date first"
                                                        + " (docs/upgrade.md)");
        if (!reason.isEmpty() && !reason.equals(refusal)) {
            LOG.warn("{}", reason);
        }
        refusal = reason;
        return reason.isEmpty();
    }

    /**
     * Reads it; nothing there is a beginning.
     *
     * @param watcher learns when it changes; null: nobody does
     */
    boolean isKnown(@Nullable Watcher watcher) throws Exception {
        try {
            byte[] bytes =
                    watcher == null
                            ? client.getData().forPath(paths.term())
                            : client.getData().usingWatcher(watcher).forPath(paths.term());
            return admits(Term.parseFrom(bytes));
        } catch (KeeperException.NoNodeException beginning) {
            refusal = "";
            return true;
        }
    }

    /** Why it may not be led; empty: it may. Any thread. */
    String refusal() {
        return refusal;
    }
}
