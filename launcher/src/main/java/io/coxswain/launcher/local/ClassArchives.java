package io.coxswain.launcher.local;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Archives of class data (JEP 350), which save a JVM half of its start. They lie beside the code,
 * so that they go with it, and a JVM whose class path does not fit ignores them. The build's short
 * run makes them; see the {@code coxswain} script.
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
    static Path of(String kind) {
        String code = JavaProcess.classPath().split(File.pathSeparator, 2)[0];
        return Path.of(code).resolveSibling(kind + ".aot");
    }

    /** The archive of that kind, null where there is none. */
    static @Nullable Path existing(String kind) {
        Path archive = of(kind);
        return Files.isReadable(archive) ? archive : null;
    }

    /**
     * The flags of a JVM that uses an archive. It is mapped where it was made for, so that its
     * pages stay shared among all the processes; moved to another address they would all be
     * touched, and be each process's own.
     */
    static List<String> use(Path archive) {
        return List.of(
                "-XX:AOTCache=" + archive,
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0",
                // What does not fit is not used, and nobody needs to know.
                "-Xlog:cds*=off",
                "-Xlog:aot*=off");
    }

    /** The flags of a JVM that is to leave the archive behind when it ends in order. */
    static List<String> make(String kind) {
        return List.of("-XX:AOTCacheOutput=" + of(kind));
    }
}
