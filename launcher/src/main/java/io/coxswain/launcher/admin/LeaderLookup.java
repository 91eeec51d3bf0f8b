package io.coxswain.launcher.admin;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.store.v1.Leader;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Finds the leading coordinator in ZooKeeper. */
final class LeaderLookup {
    private static final int SESSION_MILLIS = 6_000;
    private static final long CONNECT_SECONDS = 5;

    private LeaderLookup() {}

    /**
     * {@code host:port} of the leader.
     *
     * @throws EnvironmentException if ZooKeeper does not answer or nobody leads
     */
    static String find(AdminClient.Address address) throws EnvironmentException {
        String zookeeper = address.zookeeper();
        String path = address.chroot() + "/controller/leader";
        var config = new ZKClientConfig();
        address.access().options().forEach(config::setProperty);
        var connected = new CountDownLatch(1);
        try {
            var client =
                    new ZooKeeper(
                            zookeeper,
                            SESSION_MILLIS,
                            event -> {
                                if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                                    connected.countDown();
                                }
                            },
                            config);
            address.access()
                    .passwords()
                    .forEach((user, password) ->
                            client.addAuthInfo(
                                    "digest",
                                    (user + ":" + password).getBytes(StandardCharsets.UTF_8)));
            try {
                if (!connected.await(CONNECT_SECONDS, TimeUnit.SECONDS)) {
                    throw new EnvironmentException(
                            "no answer from ZooKeeper at "
                                    + zookeeper
                                    + " within "
                                    + CONNECT_SECONDS
                                    + " s: is it running? Name another with --zookeeper, or the"
                                    + " coordinator itself with --coordinator HOST:PORT");
                }
                Leader leader = Leader.parseFrom(client.getData(path, false, null));
                return leader.getControlEndpoint().getHost()
                        + ":"
                        + leader.getControlEndpoint().getPort();
            } finally {
                client.close();
            }
        } catch (KeeperException.NoNodeException e) {
            throw new EnvironmentException(
                    "no coordinator leads: "
                            + path
                            + " is not there in ZooKeeper at "
                            + zookeeper
                            + ". Start one (coxswain coordinator --config …), or name another path"
                            + " with --chroot",
                    e);
        } catch (KeeperException.NoAuthException e) {
            throw EnvironmentException.lasting(
                    path
                            + " in ZooKeeper at "
                            + zookeeper
                            + " is not for everybody to read: give --zookeeper-auth-file with the"
                            + " password of client, or name the coordinator with --coordinator"
                            + " HOST:PORT",
                    e);
        } catch (InvalidProtocolBufferException e) {
            throw new EnvironmentException(
                    path + " in ZooKeeper at " + zookeeper + " is no leader's node of Coxswain", e);
        } catch (IllegalArgumentException e) {
            throw EnvironmentException.lasting(unusable(zookeeper, e), e);
        } catch (KeeperException | IOException e) {
            throw new EnvironmentException(unusable(zookeeper, e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnvironmentException("interrupted while asking ZooKeeper for the leader", e);
        }
    }

    private static String unusable(String zookeeper, Exception why) {
        return "cannot ask ZooKeeper at " + zookeeper + " for the leader: " + why.getMessage();
    }
}
