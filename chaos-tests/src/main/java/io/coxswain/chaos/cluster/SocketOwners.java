package io.coxswain.chaos.cluster;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Tells which process is at the other end of a loopback connection, from {@code /proc}: a process
 * of the same user may look without being root. Stateless.
 */
final class SocketOwners {
    private static final Path PROC = Path.of("/proc");
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int INODE = 9;

    private SocketOwners() {}

    /**
     * The party whose process has the socket with that local port, connected to that remote port;
     * {@code ""} if it is none of them.
     *
     * @param candidates party → process id
     */
    static String of(int localPort, int remotePort, Map<String, Long> candidates) {
        String inode = inode(localPort, remotePort);
        if (inode.isEmpty()) {
            return "";
        }
        String link = "socket:[" + inode + "]";
        for (Map.Entry<String, Long> candidate : candidates.entrySet()) {
            if (has(candidate.getValue(), link)) {
                return candidate.getKey();
            }
        }
        return "";
    }

    private static String inode(int localPort, int remotePort) {
        String local = ":" + hex(localPort);
        String remote = ":" + hex(remotePort);
        for (String table : new String[] {"tcp", "tcp6"}) {
            try (var lines = Files.lines(PROC.resolve("net").resolve(table))) {
                var found =
                        lines.map(line -> line.strip().split("\\s+"))
                                .filter(words ->
                                        words.length > INODE
                                                && words[LOCAL].endsWith(local)
                                                && words[REMOTE].endsWith(remote))
                                .map(words -> words[INODE])
                                .findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
            } catch (IOException | java.io.UncheckedIOException e) {
                // No such table on this machine.
            }
        }
        return "";
    }

    private static boolean has(long pid, String link) {
        Path folder = PROC.resolve(Long.toString(pid)).resolve("fd");
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(folder)) {
            for (Path descriptor : descriptors) {
                try {
                    if (Files.readSymbolicLink(descriptor).toString().equals(link)) {
                        return true;
                    }
                } catch (IOException e) {
                    // Closed meanwhile.
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            // The process is gone.
        }
        return false;
    }

    private static String hex(int port) {
        return String.format(Locale.ROOT, "%04X", port);
    }
}
