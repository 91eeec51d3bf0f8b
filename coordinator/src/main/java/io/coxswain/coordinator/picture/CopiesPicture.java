package io.coxswain.coordinator.picture;

import java.util.List;

/**
 * Who holds the state.
 *
 * @param wanted verified instances of each shard besides the owner's, as the job asks
 * @param least what the worst shard has; replicas in other domains count
 * @param holders owners and holders of copies, by shard
 * @param deficits what is missing, for a person
 * @param survives what a loss may take, for a person
 * @param anySingleHostFatal a shard has no instance outside one agent
 * @param snapshots how far apart they are and why, where the coordinator chooses; else empty
 */
public record CopiesPicture(
        int wanted,
        int least,
        List<HolderPicture> holders,
        List<String> deficits,
        String survives,
        boolean anySingleHostFatal,
        String snapshots) {
    public CopiesPicture {
        holders = List.copyOf(holders);
        deficits = List.copyOf(deficits);
    }

    /** Of a job that says itself how often it is snapshotted. */
    public CopiesPicture(
            int wanted,
            int least,
            List<HolderPicture> holders,
            List<String> deficits,
            String survives,
            boolean anySingleHostFatal) {
        this(wanted, least, holders, deficits, survives, anySingleHostFatal, "");
    }
}
