package io.coxswain.launcher.local;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Ahead-of-time caches of classes and profiles (JEP 514, JEP 515), which save a JVM half of its
 * start. They lie beside the code, so that they go with it, and a JVM whose class path does not fit
 * ignores them. The build's run makes them; see the {@code coxswain} script.
 */
final class ClassArchives {
    /**
     * System property of a launcher whose run is to leave archives behind; its value does not
     * matter.
     */
    private static final String MAKING = "coxswain.archives";

    static final String AGENT = "agent";
    static final String WORKER = "worker";

    private ClassArchives() {}

    /** Whether this run is to make them. */
    static boolean making() {
        return System.getProperty(MAKING) != null;
    }

    /** Where the archive of that kind of process lies, or is to lie. */
    private static Path of(String kind) {
        String code = JavaProcess.classPath().split(File.pathSeparator, 2)[0];
        return Path.of(code).resolveSibling(kind + ".aot");
    }

    /**
     * The flags of a JVM of that kind. An archive is mapped where it was made for, so that its
     * pages stay shared among all the processes; moved to another address they would all be
     * touched, and be each process's own.
     *
     * @param make whether it is to leave the archive behind when it ends in order; else it uses the
     *     one that is there, if any
     */
    static List<String> flags(String kind, boolean make) {
        Path archive = of(kind);
        if (make) {
            return List.of("-XX:AOTCacheOutput=" + archive);
        }
        if (!Files.isReadable(archive)) {
            return List.of();
        }
        return List.of(
                "-XX:AOTCache=" + archive,
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0",
                // What does not fit is not used, and nobody needs to know.
                "-Xlog:cds*=off",
                "-Xlog:aot*=off");
    }
}
