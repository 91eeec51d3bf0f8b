package io.coxswain.chaos.nemesis;

import java.util.List;
import java.util.Optional;

/** The cluster as the nemesis sees it. Thread-safe. */
public interface Stage {
    /** The agents' ids by index, dead ones included. */
    List<String> agents();

    /** The failure domain of each, by index. */
    List<String> domains();

    /** The ZooKeeper servers by index, dead ones included. */
    default List<String> zookeepers() {
        return List.of(Victim.ZOOKEEPER);
    }

    /** The server that leads the ensemble now; empty while none does. May block for a second. */
    default Optional<String> zookeeperLeader() {
        return zookeepers().size() == 1 ? Optional.of(zookeepers().getFirst()) : Optional.empty();
    }

    /** The coordinator that leads, or led last. */
    default String coordinator() {
        return Victim.COORDINATOR;
    }

    /** Whether the party's process runs. */
    boolean alive(String party);

    /** Tells the agent to stop at the first coordinate of that phase at or after that step. */
    void hold(int agent, long step, String phase);

    /** Lets a held agent go on. */
    void release(int agent);

    FaultPort faults();

    /**
     * Whether the cluster was started for this scenario and ends with it. In somebody else's no
     * agent can be held, so that faults come after their coordinates, and at the end what was
     * killed is started again.
     */
    default boolean ours() {
        return true;
    }
}
