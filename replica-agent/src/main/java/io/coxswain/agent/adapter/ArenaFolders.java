package io.coxswain.agent.adapter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All arena folders below a root. */
public final class ArenaFolders {
    private static final Logger LOG = LoggerFactory.getLogger(ArenaFolders.class);

    private ArenaFolders() {}

    /** Kills the workers of agents that are gone and deletes their folders; returns these. */
    public static List<Path> discardStale(Path root) throws IOException {
        List<Path> discarded = new ArrayList<>();
        if (!Files.isDirectory(root)) {
            return discarded;
        }
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(root, ArenaFolder.PREFIX + "*")) {
            for (Path folder : folders) {
                if (Files.isDirectory(folder) && !ArenaFolder.isOwned(folder)) {
                    LOG.info("the agent of {} is gone; the folder is deleted", folder);
                    ArenaFolder.discard(folder);
                    discarded.add(folder);
                }
            }
        }
        return discarded;
    }
}
