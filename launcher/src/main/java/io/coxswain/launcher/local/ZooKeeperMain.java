package io.coxswain.launcher.local;

import io.coxswain.launcher.logs.Logs;

import org.apache.zookeeper.server.embedded.ExitHandler;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Level;

/**
 * A ZooKeeper server as a process of its own, for whoever wants to kill or to stop it. Says {@code
 * up HOST:PORT} on standard output, logs on standard error, and ends when standard input closes, or
 * when the server cannot go on.
 */
public final class ZooKeeperMain {
    /** The index of the first argument that names a server of the ensemble. */
    private static final int PEERS = 4;

    private static final String TLS = "tls=";

    private ZooKeeperMain() {}

    /**
     * Arguments: the folder of its data, kept when it ends; {@code HOST:PORT} to listen at, port 0
     * for any; the shortest session in milliseconds; and, if it is one of an ensemble, its number
     * in that, from 1, and all servers of it in order, each {@code HOST:QUORUM-PORT:ELECTION-PORT}.
     * Before all of them there may be {@code tls=DIR}: then it takes clients over mutual TLS only,
     * with {@code zookeeper.pem} (its key and certificate) and {@code ca.pem} of that folder.
     */
    public static void main(String[] all) throws IOException {
        Logs.toStream(System.err, Level.INFO);
        boolean secure = all.length > 0 && all[0].startsWith(TLS);
        String[] args = secure ? Arrays.copyOfRange(all, 1, all.length) : all;
        Path folder = secure ? Path.of(all[0].substring(TLS.length())) : Path.of("");
        List<String> peers = Arrays.asList(args).subList(Math.min(args.length, PEERS), args.length);
        EmbeddedZooKeeper.Ensemble ensemble =
                peers.isEmpty()
                        ? EmbeddedZooKeeper.Ensemble.NONE
                        : new EmbeddedZooKeeper.Ensemble(Integer.parseInt(args[PEERS - 1]), peers);
        String[] at = args[1].split(":", 2);
        try (var server =
                EmbeddedZooKeeper.start(
                        Path.of(args[0]),
                        Integer.parseInt(args[2]),
                        at[0],
                        Integer.parseInt(at[1]),
                        ensemble,
                        secure
                                ? new EmbeddedZooKeeper.Tls(
                                        folder.resolve("zookeeper.pem"), folder.resolve("ca.pem"))
                                : null,
                        ExitHandler.EXIT)) {
            System.out.println(AgentLines.UP + " " + server.connectString());
            while (System.in.read() >= 0) {
                // Nothing is asked of it; the parent's end is the end of this stream.
            }
        }
        System.exit(0);
    }
}
