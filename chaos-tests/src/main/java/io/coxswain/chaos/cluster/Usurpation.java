package io.coxswain.chaos.cluster;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.ViewRecord;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A coordinator that stands still while another is elected, and what it does when it wakes: it must
 * step down, or end, and change nothing of what stands in ZooKeeper.
 */
final class Usurpation implements FaultPort.Cure {
    private static final Pattern STEPPED_DOWN = Pattern.compile("stepped down from term (\\d+)");
    private static final int TIMEOUT_MILLIS = 6_000;
    private static final long SECONDS = 30;

    private final ServiceProcess former;
    private final CompletableFuture<?> steppedDown;
    private final String zookeeper;
    private final Consumer<String> wrong;
    private CompletableFuture<?> elected = new CompletableFuture<>();
    private boolean over;

    /**
     * Stops the one that leads.
     *
     * @param zookeeper connect string with chroot
     * @param wrong told of what must not be
     */
    Usurpation(ServiceProcess former, String zookeeper, Consumer<String> wrong) throws IOException {
        this.former = former;
        this.steppedDown = former.saysOrEnds(STEPPED_DOWN, former.lines());
        this.zookeeper = zookeeper;
        this.wrong = wrong;
        former.mayEnd();
        Signals.send(Signals.Signal.STOP, former.pid());
    }

    /** The other one was started. */
    void by(ServiceProcess usurper) {
        elected = usurper.saysOrEnds(CoordinatorProcess.LEADS, 0);
    }

    /** Waits until the other one leads, then wakes the first and looks at what it does. */
    @Override
    public void heal() throws IOException {
        if (over) {
            return;
        }
        over = true;
        boolean leads = await(elected);
        if (!leads) {
            wrong.accept("no other coordinator was elected while the first stood still");
        }
        Map<String, String> before = stored();
        Signals.send(Signals.Signal.CONT, former.pid());
        if (!await(steppedDown)) {
            wrong.accept(
                    "the former coordinator, awake for "
                            + SECONDS
                            + " s, does not know that it leads no longer");
        }
        Map<String, String> after = stored();
        if (leads && !after.equals(before)) {
            wrong.accept(
                    "the former coordinator changed what stands in ZooKeeper: "
                            + before
                            + " became "
                            + after);
        }
    }

    private static boolean await(CompletableFuture<?> news) throws IOException {
        try {
            news.get(SECONDS, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a coordinator was awaited", e);
        }
    }

    /**
     * What only a leader writes: the last transaction of the term and the leader's node, and of
     * jobs, which the other one goes on with, the epoch of the view and the term of the account.
     */
    private Map<String, String> stored() throws IOException {
        try {
            var connected = new CountDownLatch(1);
            var client =
                    new ZooKeeper(
                            zookeeper,
                            TIMEOUT_MILLIS,
                            event -> {
                                if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                                    connected.countDown();
                                }
                            });
            try {
                if (!connected.await(SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("ZooKeeper at " + zookeeper + " does not answer");
                }
                var nodes = new TreeMap<String, String>();
                read(client, "/controller/term", nodes);
                read(client, "/controller/leader", nodes);
                read(client, "/jobs", nodes);
                return nodes;
            } finally {
                client.close();
            }
        } catch (KeeperException e) {
            throw new IOException("cannot read what is stored: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while reading what is stored", e);
        }
    }

    private static void read(ZooKeeper client, String path, Map<String, String> into)
            throws KeeperException, InterruptedException {
        Stat stat = client.exists(path, false);
        if (stat == null) {
            return;
        }
        into.put(path, told(client, path, stat));
        for (String child : client.getChildren(path, false)) {
            read(client, path + "/" + child, into);
        }
    }

    private static String told(ZooKeeper client, String path, Stat stat)
            throws KeeperException, InterruptedException {
        try {
            if (path.endsWith("/account")) {
                return "of term "
                        + AccountRecord.parseFrom(client.getData(path, false, null)).getTerm();
            }
            if (path.endsWith("/view")) {
                return "of epoch "
                        + ViewRecord.parseFrom(client.getData(path, false, null))
                                .getView()
                                .getEpoch();
            }
        } catch (InvalidProtocolBufferException e) {
            return "unreadable";
        }
        boolean ofJob = path.startsWith("/jobs");
        return ofJob ? "there" : "changed by " + stat.getMzxid();
    }
}
