package io.coxswain.chaos.cluster;

import io.coxswain.launcher.TiedMain;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;

/** Starts coordinators. Stateless. */
final class CoordinatorProcess {
    /** What one says that begins to lead. */
    static final Pattern LEADS = Pattern.compile("leading with term (\\d+)");

    private static final Pattern UP = Pattern.compile("listens on [^:]+:(\\d+),");

    private CoordinatorProcess() {}

    /**
     * Starts one; it may not be up yet.
     *
     * @param id unique in its cluster
     * @param files how its log and output are named
     */
    static ServiceProcess start(
            ClusterSpec spec, String zookeeper, String party, String id, String files)
            throws IOException {
        return ServiceProcess.start(
                party,
                TiedMain.class.getName(),
                List.of(
                        "coordinator",
                        "--config",
                        spec.folder().resolve("coordinator.yaml").toString(),
                        "--set",
                        "id=" + id,
                        "--set",
                        "log=" + spec.folder().resolve(files + ".log"),
                        "--set",
                        "zookeeper=" + zookeeper),
                UP,
                spec.folder().resolve(files + ".out"));
    }
}
