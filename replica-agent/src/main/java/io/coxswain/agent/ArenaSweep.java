package io.coxswain.agent;

import io.coxswain.agent.adapter.ArenaFolders;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Cleans shared memory up after agents that died without doing it themselves. A folder is stale
 * when the process that its {@code owner} file names, by id and start time, is gone; workers
 * recorded in it are killed first.
 */
public final class ArenaSweep {
    private ArenaSweep() {}

    /**
     * Deletes the stale arena folders below {@code arenaRoot}. Safe while agents run, and from
     * several processes at once.
     *
     * @return the folders that were deleted
     * @throws IOException if the root cannot be listed
     */
    public static List<Path> sweep(Path arenaRoot) throws IOException {
        return ArenaFolders.discardStale(arenaRoot);
    }
}
