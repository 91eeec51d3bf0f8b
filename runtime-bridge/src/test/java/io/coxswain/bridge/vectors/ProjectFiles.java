package io.coxswain.bridge.vectors;

import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the project, whether tests run in the module's folder or in the project's. */
public final class ProjectFiles {
    private ProjectFiles() {}

    /** A file or folder, by its path from the project's folder. */
    public static Path file(String first, String... more) {
        Path inProject = Path.of(first, more);
        Path fromModule = Path.of("..").resolve(inProject);
        return (Files.exists(fromModule) ? fromModule : inProject).toAbsolutePath().normalize();
    }
}
