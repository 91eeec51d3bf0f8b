package io.coxswain.security;

import io.coxswain.security.authority.CertificateAuthority;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** An authority in a folder of the test. */
final class TestCertificates {
    static final Duration LIFE = Duration.ofDays(30);

    private final Path folder;
    private final InstantSource clock;

    private TestCertificates(Path folder, InstantSource clock) {
        this.folder = folder;
        this.clock = clock;
    }

    static TestCertificates in(Path folder) throws IOException {
        return in(folder, Instant.now());
    }

    static TestCertificates in(Path folder, Instant now) throws IOException {
        InstantSource clock = InstantSource.fixed(now);
        CertificateAuthority.create(folder, "test", Duration.ofDays(3650), clock);
        return new TestCertificates(folder, clock);
    }

    TlsFiles issue(Role role, String name) throws IOException {
        return issue(role, name, LIFE);
    }

    TlsFiles issue(Role role, String name, Duration life) throws IOException {
        Path into = Files.createTempDirectory(folder, name);
        CertificateAuthority.open(folder, clock)
                .issue(new Identity(role, name), List.of(), life, into);
        return TlsFiles.in(into);
    }
}
