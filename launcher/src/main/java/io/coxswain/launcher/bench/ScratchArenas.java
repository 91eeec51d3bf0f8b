package io.coxswain.launcher.bench;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Arenas of this process alone. Their names are gone as soon as they are mapped, so nothing is left
 * behind, whatever ends the process.
 */
final class ScratchArenas implements AutoCloseable {
    private final Path folder;
    private final List<ArenaFile> made = new ArrayList<>();

    ScratchArenas(BenchSettings settings) throws EnvironmentException {
        folder = settings.scratch();
    }

    /** An arena whose pages are all there already. */
    ArenaFile make(ArenaFile.Shape shape) throws EnvironmentException {
        Path file = folder.resolve("arena-" + made.size());
        try {
            ArenaFile arena = ArenaFile.create(file, shape);
            made.add(arena);
            Files.delete(file);
            arena.prefault();
            return arena;
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot make shared memory of "
                            + shape.fileBytes()
                            + " bytes in "
                            + folder
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public void close() throws IOException {
        made.forEach(ArenaFile::close);
        Files.delete(folder);
    }
}
