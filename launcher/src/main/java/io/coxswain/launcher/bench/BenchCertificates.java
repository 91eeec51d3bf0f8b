package io.coxswain.launcher.bench;

import io.coxswain.launcher.local.RunFolder;
import io.coxswain.security.Identity;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** An authority for one bench, and what it issued; all of it goes with the bench. */
final class BenchCertificates implements AutoCloseable {
    private static final Duration LIFE = Duration.ofDays(1);

    private final Path folder;
    private final CertificateAuthority authority;
    private final List<PlaneSecurity> opened = new ArrayList<>();

    BenchCertificates() throws IOException {
        folder = Files.createTempDirectory("coxswain-bench-tls-");
        authority =
                CertificateAuthority.create(
                        folder.resolve("authority"), "bench", LIFE, InstantSource.system());
    }

    /** Of somebody with that role and name. */
    PlaneSecurity of(Role role, String name) throws IOException {
        Path into = folder.resolve(role.word() + "-" + name);
        authority.issue(new Identity(role, name), List.of(), LIFE, into);
        PlaneSecurity made = PlaneSecurity.open(name, WireSecurity.tls(TlsFiles.in(into)));
        opened.add(made);
        return made;
    }

    @Override
    public void close() throws IOException {
        opened.forEach(PlaneSecurity::close);
        RunFolder.delete(folder);
    }
}
