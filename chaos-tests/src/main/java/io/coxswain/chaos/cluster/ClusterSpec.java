package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.launcher.job.JobFile;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What to start.
 *
 * @param spares agents beyond the ranks of the mesh
 * @param rack agents that share a failure domain, 1 to have each in its own
 * @param session ZooKeeper's time-out, of agents and coordinator
 * @param proxied the planes that get proxies
 * @param folder of the run: logs, configuration, ZooKeeper's data
 * @param arenas folder on tmpfs, in which the cluster makes one of its own
 * @param zookeepers servers: one alone, or an ensemble
 * @param namespaces each agent in a network namespace of its own
 * @param standbys coordinators beside the first
 */
public record ClusterSpec(
        JobFile job,
        int spares,
        int rack,
        Duration session,
        Set<Plane> proxied,
        Path folder,
        Path arenas,
        int zookeepers,
        boolean namespaces,
        int standbys) {
    private static final int MOST_ZOOKEEPERS = 5;
    private static final int MOST_STANDBYS = 3;

    public ClusterSpec {
        proxied = Set.copyOf(proxied);
        if (spares < 0
                || spares > 100
                || rack < 1
                || standbys < 0
                || standbys > MOST_STANDBYS
                || zookeepers < 1
                || zookeepers > MOST_ZOOKEEPERS) {
            throw new IllegalArgumentException(
                    "spares "
                            + spares
                            + " (0 to 100), racks of "
                            + rack
                            + " (1 or more), zookeepers "
                            + zookeepers
                            + " (1 to "
                            + MOST_ZOOKEEPERS
                            + "), standbys "
                            + standbys
                            + " (0 to "
                            + MOST_STANDBYS
                            + ")");
        }
    }

    /** One coordinator alone. */
    public ClusterSpec(
            JobFile job,
            int spares,
            int rack,
            Duration session,
            Set<Plane> proxied,
            Path folder,
            Path arenas,
            int zookeepers,
            boolean namespaces) {
        this(job, spares, rack, session, proxied, folder, arenas, zookeepers, namespaces, 0);
    }

    /** Agents in all. */
    public int agents() {
        return job.mesh().ranks() + spares;
    }

    /** Their names by index; they sort as their numbers do, since ranks are given in that order. */
    public List<String> agentIds() {
        int digits = Integer.toString(agents() - 1).length();
        var ids = new ArrayList<String>();
        for (int i = 0; i < agents(); i++) {
            ids.add(String.format(Locale.ROOT, "agent-%0" + digits + "d", i));
        }
        return List.copyOf(ids);
    }

    /** Their failure domains by index. */
    public List<String> domains() {
        List<String> ids = agentIds();
        var domains = new ArrayList<String>();
        for (int i = 0; i < ids.size(); i++) {
            domains.add(rack == 1 ? "local/" + ids.get(i) : "rack" + i / rack + "/" + ids.get(i));
        }
        return List.copyOf(domains);
    }

    /** The ZooKeeper servers' names by index. */
    public List<String> zookeeperIds() {
        if (zookeepers == 1) {
            return List.of(Victim.ZOOKEEPER);
        }
        var ids = new ArrayList<String>();
        for (int i = 0; i < zookeepers; i++) {
            ids.add(Victim.ZOOKEEPER + "-" + i);
        }
        return List.copyOf(ids);
    }

    /** The number of an agent's rack. */
    public int rackOf(int agent) {
        return agent / rack;
    }
}
