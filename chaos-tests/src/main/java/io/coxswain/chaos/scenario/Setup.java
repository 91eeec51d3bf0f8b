package io.coxswain.chaos.scenario;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The cluster and the job that a scenario is played on.
 *
 * @param job the job's file
 * @param sets overrides of its fields, {@code mesh.replicas → 2}
 * @param spares agents beyond the ranks of the mesh
 * @param rack agents that share a failure domain; 1: none do
 * @param session ZooKeeper's time-out
 * @param limit the scenario fails if it is not over by then
 * @param zookeepers servers: one alone, or an ensemble
 * @param namespaces each agent in a network namespace of its own, links cut by rules of nft: needs
 *     root
 * @param standbys coordinators beside the first
 */
public record Setup(
        Path job,
        Map<String, String> sets,
        int spares,
        int rack,
        Duration session,
        Duration limit,
        int zookeepers,
        boolean namespaces,
        int standbys) {
    public static final Duration SESSION = Duration.ofSeconds(6);
    public static final Duration LIMIT = Duration.ofMinutes(2);

    public Setup {
        sets = Map.copyOf(sets);
    }

    /** One coordinator alone. */
    public Setup(
            Path job,
            Map<String, String> sets,
            int spares,
            int rack,
            Duration session,
            Duration limit,
            int zookeepers,
            boolean namespaces) {
        this(job, sets, spares, rack, session, limit, zookeepers, namespaces, 0);
    }

    /** A job on its own mesh, with one spare. */
    public static Setup of(Path job) {
        return new Setup(job, Map.of(), 1, 1, SESSION, LIMIT, 1, false, 0);
    }

    public Setup with(String field, Object value) {
        var more = new LinkedHashMap<>(sets);
        more.put(field, String.valueOf(value));
        return new Setup(job, more, spares, rack, session, limit, zookeepers, namespaces, standbys);
    }

    public Setup spares(int count) {
        return new Setup(job, sets, count, rack, session, limit, zookeepers, namespaces, standbys);
    }

    public Setup racksOf(int agents) {
        return new Setup(
                job, sets, spares, agents, session, limit, zookeepers, namespaces, standbys);
    }

    public Setup session(Duration timeout) {
        return new Setup(job, sets, spares, rack, timeout, limit, zookeepers, namespaces, standbys);
    }

    public Setup limit(Duration time) {
        return new Setup(job, sets, spares, rack, session, time, zookeepers, namespaces, standbys);
    }

    /** An ensemble of so many ZooKeeper servers. */
    public Setup zookeepers(int servers) {
        return new Setup(job, sets, spares, rack, session, limit, servers, namespaces, standbys);
    }

    /** So many coordinators that stand by the first. */
    public Setup standbys(int coordinators) {
        return new Setup(
                job, sets, spares, rack, session, limit, zookeepers, namespaces, coordinators);
    }

    /** Links that are cut lose packets: in network namespaces, which needs root. */
    public Setup inNamespaces() {
        return new Setup(job, sets, spares, rack, session, limit, zookeepers, true, standbys);
    }
}
