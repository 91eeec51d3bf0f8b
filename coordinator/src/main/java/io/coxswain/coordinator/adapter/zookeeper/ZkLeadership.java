package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.app.KnownLeader;
import io.coxswain.coordinator.app.LeadershipPort;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.store.v1.Leader;
import io.coxswain.proto.store.v1.Term;
import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Leadership: Curator's latch says who may try, the term's version says who leads.
 *
 * <p>The winner of the latch bumps {@code /controller/term} with a versioned write; from then on it
 * leads until that version changes, whatever the latch says: a latch is a hint (Curator tech notes
 * 10 and 14). A lost session alone deposes nobody, a bumped term always does.
 *
 * <p>All work happens on one thread of its own; ZooKeeper's callbacks only hand over.
 */
public final class ZkLeadership implements LeadershipPort, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZkLeadership.class);
    private static final String RELEASE =
            Objects.requireNonNullElse(
                    ZkLeadership.class.getPackage().getImplementationVersion(), "");
    private static final long RETRY_MILLIS = 200;
    private static final long CLOSE_MILLIS = 3_000;
    private static final long LOOK_MILLIS = 5_000;

    private final CuratorFramework client;
    private final ZkPaths paths;
    private final ZkTree tree;
    private final String coordinatorId;
    private final Inputs inputs;
    private final ZkStore store;
    private final ZkAgents agents;
    private final ZkLeaderNode leaderNode;
    private final ZkLayout layout;
    private final ZkStandbys standbys;
    private final ScheduledExecutorService thread;
    private final ConnectionStateListener connection = (_, state) -> connectionChanged(state);
    // One object: ZooKeeper keeps it once, however often it is set.
    private final Watcher termWatcher = this::termWatched;
    // Written by the thread.
    private volatile @Nullable LeaderLatch latch;
    // Confined to the thread.
    private @Nullable ZkFence fence;
    private @Nullable Endpoint endpoint;
    private String ownPage = "";
    private String complaint = "";
    private long newestLed;
    private boolean suspended;
    private boolean closed;
    private boolean aside;

    /**
     * Makes the adapter; {@link #start} stands for election.
     *
     * @param client started by the caller, who closes it after this
     * @param coordinatorId unique among the coordinators of one store
     */
    public ZkLeadership(
            CuratorFramework client, String chroot, String coordinatorId, Inputs inputs) {
        this(client, chroot, coordinatorId, inputs, ZooKeeperAccess.OPEN);
    }

    /** The same; what is there is closed to whom {@code access} does not know. */
    public ZkLeadership(
            CuratorFramework client,
            String chroot,
            String coordinatorId,
            Inputs inputs,
            ZooKeeperAccess access) {
        this.client = client;
        this.paths = ZkPaths.of(chroot);
        this.tree = new ZkTree(client, paths, new ZkAcls(paths, access));
        this.coordinatorId = coordinatorId;
        this.inputs = inputs;
        this.store = new ZkStore(client, paths, inputs);
        this.agents = new ZkAgents(client, paths, inputs);
        this.leaderNode = new ZkLeaderNode(client, paths);
        this.layout = new ZkLayout(client, paths, coordinatorId);
        this.standbys = new ZkStandbys(client, paths, inputs);
        this.thread =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform()
                                .daemon(true)
                                .name("coxswain-leadership-" + coordinatorId)
                                .factory());
    }

    /** The store whose writes this leadership fences. */
    public StorePort store() {
        return store;
    }

    /** How often it wrote to ZooKeeper. Any thread. */
    public ZkWrites writes() {
        return store.writes();
    }

    /** Who leads, as far as is known. Any thread. */
    public KnownLeader leader() {
        return leaderNode.known();
    }

    /** Whether it stands in the election, as leader or behind one. Any thread. */
    public boolean stands() {
        LeaderLatch candidate = latch;
        return candidate != null && candidate.getOurPath() != null;
    }

    /**
     * Makes the folders and stands for election.
     *
     * @param host advertised to agents
     * @param port of the control plane
     * @param page where people find this coordinator's page; empty: it has none
     * @throws IOException if ZooKeeper cannot be used
     */
    public void start(String host, int port, String page) throws IOException {
        try {
            if (layout.isKnown(null)) {
                tree.make(newestTerm());
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while ZooKeeper was set up", stopped);
        } catch (Exception failed) {
            throw new IOException(
                    "ZooKeeper at "
                            + client.getZookeeperClient().getCurrentConnectionString()
                            + " cannot be used below '"
                            + (paths.root().isEmpty() ? "/" : paths.root())
                            + "': "
                            + failed
                            + "; check the connect string, the chroot and the access rights",
                    failed);
        }
        client.getConnectionStateListenable().addListener(connection);
        agents.start();
        leaderNode.start();
        standbys.start();
        run(() -> {
            ownPage = page;
            endpoint = Endpoint.newBuilder().setHost(host).setPort(port).build();
            aside = true;
            standIfKnown();
        });
        var _ =
                thread.scheduleWithFixedDelay(
                        this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    // Agents follow no term below one that they have heard of, wherever that one went.
    private long newestTerm() {
        return Math.max(newestLed, leaderNode.newestTerm());
    }

    // ------------------------------------------------------------------ election

    private void stand() throws Exception {
        if (closed) {
            return;
        }
        var candidate = new LeaderLatch(client, paths.election(), coordinatorId);
        candidate.addListener(
                new LeaderLatchListener() {
                    @Override
                    public void isLeader() {
                        run(() -> elected(candidate));
                    }

                    @Override
                    public void notLeader() {
                        LOG.debug("the latch of {} is lost: a hint, no verdict", coordinatorId);
                    }
                });
        candidate.start();
        latch = candidate;
    }

    private void elected(LeaderLatch winner) throws Exception {
        if (closed || !winner.equals(latch) || fence != null || !winner.hasLeadership()) {
            return;
        }
        try {
            lead();
        } catch (KeeperException.BadVersionException raced) {
            again(winner);
        } catch (InterruptedException stopped) {
            throw stopped;
        } catch (KeeperException.NoNodeException gone) {
            LOG.warn(
                    "ZooKeeper was set up anew: what stood below '{}' is gone, jobs among it, and"
                            + " is made again",
                    paths.root());
            deposed();
            makeAnew();
            again(winner);
        } catch (Exception failed) {
            complain(failed);
            deposed();
            again(winner);
        }
    }

    private void makeAnew() throws InterruptedException {
        try {
            tree.makeAnew(newestTerm());
        } catch (InterruptedException stopped) {
            throw stopped;
        } catch (Exception failed) {
            complain(failed);
        }
    }

    // It is tried some times a second.
    private void complain(Exception failed) {
        if (!failed.toString().equals(complaint)) {
            complaint = failed.toString();
            LOG.warn("taking the lead failed and is tried again: {}", complaint);
        }
    }

    // A latch does not watch its own node. Where a session ends while the latch comes back, what it
    // made in that session goes unseen: a standby of which nobody knows, which is passed over when
    // the lead is handed on. Who leads needs none: the term counts.
    void look() {
        run(this::lookAtOwnNode);
    }

    private void lookAtOwnNode() throws Exception {
        if (!closed && client.getZookeeperClient().isConnected()) {
            leaderNode.look();
        }
        LeaderLatch candidate = latch;
        if (candidate == null || fence != null || !client.getZookeeperClient().isConnected()) {
            return;
        }
        String own = candidate.getOurPath();
        if (own == null) {
            return;
        }
        client.checkExists()
                .inBackground((_, seen) -> {
                    if (seen.getResultCode() == KeeperException.Code.NONODE.intValue()) {
                        run(() -> standAnew(candidate, own));
                    }
                })
                .forPath(own);
    }

    private void standAnew(LeaderLatch candidate, String own) throws Exception {
        if (!closed && candidate.equals(latch) && own.equals(candidate.getOurPath())) {
            LOG.info("coordinator {} had no node in the election any more", coordinatorId);
            leaveLatch();
            stand();
        }
    }

    private void again(LeaderLatch winner) {
        later(() -> elected(winner));
    }

    private void lead() throws Exception {
        var stat = new Stat();
        client.sync().forPath(paths.term());
        Term before = Term.parseFrom(client.getData().storingStatIn(stat).forPath(paths.term()));
        if (!layout.admits(before)) {
            leaveLatch();
            aside = true;
            standIfKnown();
            return;
        }
        // More than what stands there, where an older state of ZooKeeper was brought back.
        long term = Math.max(before.getTerm(), newestTerm()) + 1;
        byte[] bytes = ZkLayout.next(before, term, coordinatorId).toByteArray();
        // An unknown outcome here needs no reading again: the next try bumps once more.
        writes().count(ZkWrites.TERM);
        Stat written = client.setData().withVersion(stat.getVersion()).forPath(paths.term(), bytes);
        var held = new ZkFence(term, written.getVersion());
        fence = held;
        newestLed = term;
        complaint = "";
        store.fence(held);
        announce(held);
        var jobs = store.load();
        var setAside = store.loadSetAsides();
        watchTerm(held);
        suspended = false;
        LOG.debug("coordinator {} leads with term {}", coordinatorId, term);
        inputs.offer(new CoordinatorInput.LeadershipGained(term, jobs, setAside));
        agents.repeat();
        standbys.tell();
    }

    // The leader's node of whoever led before is taken away in the same multi that makes ours.
    private void announce(ZkFence held) throws Exception {
        Endpoint reached = endpoint;
        if (reached == null) {
            throw new IllegalStateException("announced before the control port was open");
        }
        byte[] bytes =
                Leader.newBuilder()
                        .setTerm(held.term())
                        .setCoordinatorId(coordinatorId)
                        .setControlEndpoint(reached)
                        .setPage(ownPage)
                        .setProtocolMajor(ProtocolVersion.CONTROL.major())
                        .setProtocolMinor(ProtocolVersion.CONTROL.minor())
                        .setRelease(RELEASE)
                        .build()
                        .toByteArray();
        while (true) {
            var operations = new ArrayList<CuratorOp>();
            operations.add(
                    client.transactionOp()
                            .check()
                            .withVersion(held.version())
                            .forPath(paths.term()));
            Stat old = client.checkExists().forPath(paths.leader());
            if (old != null) {
                operations.add(
                        client.transactionOp()
                                .delete()
                                .withVersion(old.getVersion())
                                .forPath(paths.leader()));
            }
            operations.add(
                    client.transactionOp()
                            .create()
                            .withMode(CreateMode.EPHEMERAL)
                            .forPath(paths.leader(), bytes));
            try {
                writes().count(ZkWrites.LEADER);
                client.transaction().forOperations(operations);
                return;
            } catch (KeeperException.NoNodeException | KeeperException.NodeExistsException raced) {
                LOG.debug("{} changed meanwhile: {}", paths.leader(), raced.toString());
            }
        }
    }

    // What stands there may be of a newer major version: then nothing is written, and whoever knows
    // it may lead. It is looked at again whenever the term changes.
    private void standIfKnown() throws Exception {
        if (!aside || closed) {
            return;
        }
        try {
            if (layout.isKnown(_ -> run(this::standIfKnown))) {
                tree.make(newestTerm());
                aside = false;
                stand();
            }
        } catch (KeeperException lost) {
            LOG.debug("the layout cannot be read now: {}", lost.toString());
            later(this::standIfKnown);
        }
    }

    /** Why it does not stand for election; empty: it does, or will. Any thread. */
    public String refusal() {
        return layout.refusal();
    }

    private void watchTerm(ZkFence held) throws Exception {
        Stat stat = client.checkExists().usingWatcher(termWatcher).forPath(paths.term());
        if (stat == null || stat.getVersion() != held.version()) {
            stepDown("the term is not " + held.term() + " any more");
        }
    }

    // Watches also tell of the connection, and stand through its loss. Nothing can be read then,
    // and
    // a try would hold up the word of the loss.
    private void termWatched(WatchedEvent event) {
        if (event.getType() != Watcher.Event.EventType.None) {
            run(this::termMoved);
        }
    }

    private void termMoved() throws Exception {
        ZkFence held = fence;
        if (held != null && !suspended && !closed) {
            watchTerm(held);
        }
    }

    // ------------------------------------------------------------------ connection

    private void connectionChanged(ConnectionState state) {
        switch (state) {
            case SUSPENDED, LOST, READ_ONLY -> run(() -> connectionLost(state));
            case CONNECTED, RECONNECTED -> run(this::connectionBack);
        }
    }

    private void connectionLost(ConnectionState state) {
        if (fence != null && !suspended) {
            suspended = true;
            LOG.warn(
                    "ZooKeeper is out of reach ({}): term {} decides nothing until it answers",
                    state,
                    fence.term());
            inputs.offer(new CoordinatorInput.StoreSuspended(state.toString()));
        }
    }

    private void connectionBack() throws Exception {
        standIfKnown();
        ZkFence held = fence;
        if (held == null || !suspended || closed) {
            return;
        }
        try {
            client.sync().forPath(paths.term());
            Stat stat = client.checkExists().forPath(paths.term());
            if (stat == null || stat.getVersion() != held.version()) {
                stepDown("the term is not " + held.term() + " any more");
                return;
            }
            long session = client.getZookeeperClient().getZooKeeper().getSessionId();
            Stat leader = client.checkExists().forPath(paths.leader());
            if (leader == null || leader.getEphemeralOwner() != session) {
                announce(held);
            }
            suspended = false;
            watchTerm(held);
            if (held.equals(fence)) {
                LOG.info("ZooKeeper answers again: term {} goes on", held.term());
                inputs.offer(new CoordinatorInput.StoreResumed());
            }
        } catch (KeeperException.BadVersionException deposed) {
            stepDown("the term is not " + held.term() + " any more");
        } catch (KeeperException lost) {
            LOG.debug("the connection went again: {}", lost.toString());
            suspended = true;
            later(this::connectionBack);
        }
    }

    // ------------------------------------------------------------------ stepping down

    private void stepDown(String reason) throws Exception {
        if (fence == null) {
            return;
        }
        deposed();
        inputs.offer(new CoordinatorInput.LeadershipLost(reason));
        leaveLatch();
        // Whoever leads now may be of a newer version.
        aside = true;
        standIfKnown();
    }

    @Override
    public void resign(String reason) {
        run(() -> {
            ZkFence held = fence;
            if (held != null) {
                LOG.debug("coordinator {} resigns: {}", coordinatorId, reason);
                deposed();
                retract(held);
                leaveLatch();
                stand();
            }
        });
    }

    @Override
    public void askTerm(long question) {
        store.askTerm(question);
    }

    private void deposed() {
        fence = null;
        suspended = false;
        store.fence(null);
    }

    private void leaveLatch() throws IOException {
        LeaderLatch old = latch;
        latch = null;
        if (old != null) {
            old.close();
        }
    }

    // Only our own node: the check refuses when another leads by now.
    private void retract(ZkFence held) {
        try {
            client.transaction()
                    .forOperations(
                            client.transactionOp()
                                    .check()
                                    .withVersion(held.version())
                                    .forPath(paths.term()),
                            client.transactionOp().delete().forPath(paths.leader()));
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (Exception gone) {
            LOG.debug("the leader node goes with its session: {}", gone.toString());
        }
    }

    private void later(Work work) {
        var _ = thread.schedule(() -> run(work), RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private interface Work {
        void run() throws Exception;
    }

    private void run(Work work) {
        try {
            thread.execute(() -> {
                try {
                    work.run();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                } catch (Exception failed) {
                    LOG.error("leadership of {} failed", coordinatorId, failed);
                }
            });
        } catch (RejectedExecutionException closing) {
            LOG.debug("late word for a closed leadership");
        }
    }

    /** Takes the leader node away and leaves the election. The client stays open. */
    @Override
    public void close() {
        client.getConnectionStateListenable().removeListener(connection);
        run(() -> {
            closed = true;
            ZkFence held = fence;
            boolean reachable = !suspended && client.getZookeeperClient().isConnected();
            deposed();
            if (held != null && reachable) {
                retract(held);
            }
            leaveLatch();
        });
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException stopped) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
        agents.close();
        leaderNode.close();
        standbys.close();
    }
}
