package io.coxswain.launcher.local;

import io.coxswain.launcher.logs.Logs;

import org.apache.zookeeper.server.embedded.ExitHandler;

import java.io.IOException;
import java.nio.file.Path;
import java.util.logging.Level;

/**
 * A ZooKeeper server as a process of its own, for whoever wants to kill or to stop it. Says {@code
 * up HOST:PORT} on standard output, logs on standard error, and ends when standard input closes, or
 * when the server cannot go on.
 */
public final class ZooKeeperMain {
    private ZooKeeperMain() {}

    /**
     * Arguments: the folder of its data, kept when it ends; the port, 0 for any; the shortest
     * session in milliseconds.
     */
    public static void main(String[] args) throws IOException {
        Logs.toStream(System.err, Level.INFO);
        try (var server =
                EmbeddedZooKeeper.start(
                        Path.of(args[0]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[1]),
                        ExitHandler.EXIT)) {
            System.out.println(AgentLines.UP + " " + server.connectString());
            while (System.in.read() >= 0) {
                // Nothing is asked of it; the parent's end is the end of this stream.
            }
        }
        System.exit(0);
    }
}
