package io.coxswain.chaos.cluster;

import io.coxswain.launcher.local.RunFolder;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** What a cluster left behind: in its memory folder, as processes, and in this process. */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final long DEATH_SECONDS = 5;
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private final Path arenas;
    private final long socketsBefore;
    private final List<ProcessHandle> before;

    /** Takes note of what is there before the cluster starts. */
    Leftovers(Path arenas) {
        this.arenas = arenas;
        // The first socket of a virtual machine that is closed leaves a marker open for good.
        try (var first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var second = new Socket(first.getInetAddress(), first.getLocalPort())) {
            second.setTcpNoDelay(true);
        } catch (IOException e) {
            LOG.debug("no socket", e);
        }
        this.socketsBefore = sockets();
        this.before = ProcessHandle.current().descendants().toList();
    }

    /** What there is beyond it, in words, after the cluster is closed; its folder goes with it. */
    List<String> find(List<ProcessHandle> family) throws IOException {
        var found = new ArrayList<String>();
        for (ProcessHandle member : family) {
            if (!before.contains(member) && !gone(member)) {
                found.add(
                        "process "
                                + member.pid()
                                + " ("
                                + member.info().command().orElse("?")
                                + ") runs");
                member.destroyForcibly();
            }
        }
        if (Files.isDirectory(arenas)) {
            try (var files = Files.list(arenas)) {
                String names =
                        files.map(file -> file.getFileName().toString())
                                .sorted()
                                .collect(Collectors.joining(", "));
                if (!names.isEmpty()) {
                    found.add("shared memory " + names);
                }
            }
            RunFolder.delete(arenas);
        }
        long sockets = sockets() - socketsBefore;
        if (sockets > 0) {
            found.add(sockets + " sockets stay open in this process");
        }
        return found;
    }

    private static boolean gone(ProcessHandle process) {
        try {
            process.onExit().get(DEATH_SECONDS, TimeUnit.SECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !process.isAlive();
        } catch (ExecutionException | TimeoutException e) {
            return !process.isAlive();
        }
    }

    // Files are opened by whatever class loads; sockets only by clusters.
    private static long sockets() {
        try (var entries = Files.list(DESCRIPTORS)) {
            return entries.filter(Leftovers::isSocket).count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false;
        }
    }
}
