package io.coxswain.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

class PlaneSecurityTest {
    private static final PeerRule ANYBODY =
            PeerRule.roles(Role.COORDINATOR, Role.AGENT, Role.OPERATOR, Role.VIEWER);

    @TempDir private Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init") // before each test
    private TestCertificates certificates;

    @BeforeEach
    void init() throws IOException {
        certificates = TestCertificates.in(folder);
    }

    private static PlaneSecurity open(TlsFiles files) throws IOException {
        return PlaneSecurity.open("test", WireSecurity.tls(files));
    }

    @Test
    void bothEndsKnowEachOther() throws IOException {
        try (PlaneSecurity coordinator = open(certificates.issue(Role.COORDINATOR, "c1"));
                PlaneSecurity agent = open(certificates.issue(Role.AGENT, "host7"));
                var met =
                        new Handshake(
                                agent.client(
                                        PeerRule.roles(Role.COORDINATOR), PlaneSecurity.HTTP_2),
                                coordinator.server(ANYBODY, PlaneSecurity.HTTP_2))) {
            assertThat(met.agreed()).withFailMessage(met::complaint).isTrue();
            assertThat(met.serverIdentity()).isEqualTo(new Identity(Role.COORDINATOR, "c1"));
            assertThat(met.clientIdentity()).isEqualTo(new Identity(Role.AGENT, "host7"));
            assertThat(met.protocol()).startsWith("TLSv1.3 TLS_").contains("GCM");
        }
    }

    @Test
    void anAgentIsNoCoordinator() throws IOException {
        try (PlaneSecurity thief = open(certificates.issue(Role.AGENT, "stolen"));
                PlaneSecurity agent = open(certificates.issue(Role.AGENT, "host7"));
                var met =
                        new Handshake(
                                agent.client(PeerRule.roles(Role.COORDINATOR), null),
                                thief.server(ANYBODY, null))) {
            assertThat(met.agreed()).isFalse();
            assertThat(met.complaint()).contains("agent stolen, expected coordinator");
        }
    }

    @Test
    void theCertificateOfAnotherAuthorityIsRefused() throws IOException {
        TestCertificates strangers = TestCertificates.in(folder.resolve("strangers"));
        try (PlaneSecurity server = open(certificates.issue(Role.COORDINATOR, "c1"));
                PlaneSecurity stranger = open(strangers.issue(Role.OPERATOR, "eve"));
                var met =
                        new Handshake(
                                stranger.client(ANYBODY, null), server.server(ANYBODY, null))) {
            assertThat(met.agreed()).isFalse();
            assertThat(met.complaint()).contains("PKIX path");
        }
    }

    @Test
    void newConnectionsTakeAReplacedCertificate() throws IOException {
        TlsFiles files = certificates.issue(Role.COORDINATOR, "before");
        try (PlaneSecurity server = open(files);
                PlaneSecurity client = open(certificates.issue(Role.OPERATOR, "ann"))) {
            var accepting = server.server(ANYBODY, null);
            var dialling = client.client(ANYBODY, null);
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.serverIdentity().name()).isEqualTo("before");
            }
            TlsFiles next = certificates.issue(Role.COORDINATOR, "after", Duration.ofDays(60));
            Files.copy(next.key(), files.key(), StandardCopyOption.REPLACE_EXISTING);
            server.refresh();
            // Half of it is there: the former stays.
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.serverIdentity().name()).isEqualTo("before");
            }
            Files.copy(
                    next.certificate(), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
            server.refresh();
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.agreed()).withFailMessage(met::complaint).isTrue();
                assertThat(met.serverIdentity().name()).isEqualTo("after");
            }
            assertThat(server.expiry().orElseThrow())
                    .isAfter(Instant.now().plus(Duration.ofDays(50)));
        }
    }

    @Test
    void whoIsTakenBackIsRefusedByBothEndsAndCounted() throws IOException {
        TlsFiles of = certificates.issue(Role.COORDINATOR, "c1");
        TlsFiles stolen = certificates.issue(Role.AGENT, "stolen");
        try (PlaneSecurity coordinator = open(of);
                PlaneSecurity thief = open(stolen)) {
            var accepting = coordinator.server(ANYBODY, null);
            var dialling = thief.client(ANYBODY, null);
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.agreed()).withFailMessage(met::complaint).isTrue();
            }
            Path list = of.certificate().resolveSibling(TlsFiles.REVOKED);
            Revocations.add(list, PemFiles.certificates(stolen.certificate()).getFirst());
            coordinator.refresh();
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.agreed()).isFalse();
                assertThat(met.complaint()).contains("the certificate was taken back");
            }
            assertThat(coordinator.refusals().of(Refusal.REVOKED)).isOne();
            // Whom it dials is looked at as well.
            try (var met =
                    new Handshake(coordinator.client(ANYBODY, null), thief.server(ANYBODY, null))) {
                assertThat(met.agreed()).isFalse();
            }
            // A list that is broken, or gone, lets nobody in again.
            Files.writeString(list, "sha256 1\n");
            coordinator.refresh();
            Files.delete(list);
            coordinator.refresh();
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.agreed()).isFalse();
            }
            Files.writeString(list, "# nobody\n");
            coordinator.refresh();
            try (var met = new Handshake(dialling, accepting)) {
                assertThat(met.agreed()).withFailMessage(met::complaint).isTrue();
            }
        }
    }

    @Test
    void aListThatCannotBeReadIsSaidAtTheStart() throws IOException {
        TlsFiles files = certificates.issue(Role.AGENT, "a1");
        Files.writeString(files.certificate().resolveSibling(TlsFiles.REVOKED), "nonsense\n");

        assertThatThrownBy(() -> open(files))
                .hasMessageContaining("revoked.txt:1: expected sha256");
    }

    private static TlsFiles trusting(TlsFiles own, TlsFiles others) {
        return new TlsFiles(own.certificate(), own.key(), others.authorities());
    }

    @Test
    void refusalsAreCountedByReason() throws IOException {
        Instant now = Instant.now();
        TestCertificates strangers = TestCertificates.in(folder.resolve("strangers"));
        TestCertificates past =
                TestCertificates.in(folder.resolve("past"), now.minus(Duration.ofDays(20)));
        TlsFiles server = certificates.issue(Role.COORDINATOR, "c1");
        Files.write(
                server.authorities(),
                Files.readAllBytes(past.issue(Role.VIEWER, "x").authorities()),
                StandardOpenOption.APPEND);
        TlsFiles ended = trusting(past.issue(Role.AGENT, "late", Duration.ofDays(1)), server);
        TlsFiles foreign = trusting(strangers.issue(Role.OPERATOR, "eve"), server);
        try (PlaneSecurity coordinator = open(server);
                PlaneSecurity stranger = open(foreign);
                PlaneSecurity late =
                        PlaneSecurity.open(
                                "late",
                                WireSecurity.tls(ended),
                                () -> now.minus(Duration.ofDays(20)));
                PlaneSecurity viewer = open(certificates.issue(Role.VIEWER, "wall"))) {
            var accepting = coordinator.server(PeerRule.roles(Role.AGENT), null);
            for (PlaneSecurity each : List.of(stranger, late, viewer)) {
                try (var met = new Handshake(each.client(ANYBODY, null), accepting)) {
                    assertThat(met.agreed()).isFalse();
                }
            }
            assertThat(coordinator.refusals().of(Refusal.STRANGER)).isOne();
            assertThat(coordinator.refusals().of(Refusal.EXPIRED)).isOne();
            assertThat(coordinator.refusals().of(Refusal.ROLE)).isOne();
            assertThat(coordinator.refusals().of(Refusal.REVOKED)).isZero();
        }
    }

    @Test
    void whatCannotBeUsedIsSaid() throws IOException {
        TlsFiles good = certificates.issue(Role.OPERATOR, "ann");
        TlsFiles other = certificates.issue(Role.OPERATOR, "bob");

        assertThatThrownBy(() -> open(TlsFiles.in(folder.resolve("none"))))
                .hasMessageContaining("there is no file")
                .hasMessageContaining("coxswain certs");
        assertThatThrownBy(() ->
                        open(new TlsFiles(good.certificate(), other.key(), good.authorities())))
                .hasMessageContaining("is not the key of the certificate in");
        assertThatThrownBy(() ->
                        open(new TlsFiles(good.authorities(), other.key(), good.authorities())))
                .hasMessageContaining("names no role");
        assertThatThrownBy(() ->
                        open(
                                new TlsFiles(
                                        good.certificate(),
                                        good.certificate(),
                                        good.authorities())))
                .hasMessageContaining("holds no private key");
        assertThatThrownBy(() ->
                        PlaneSecurity.open("agent a1", WireSecurity.tls(good), Role.AGENT, "a1"))
                .hasMessageContaining("agent a1 has the certificate of operator ann")
                .hasMessageContaining("coxswain certs issue agent --id a1");
    }

    @Test
    void anExpiredCertificateIsRefusedAndALaterOneIsWaitedFor() throws IOException {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");
        TestCertificates old = TestCertificates.in(folder.resolve("old"), now);
        TlsFiles files = old.issue(Role.VIEWER, "v", Duration.ofDays(2));

        assertThatThrownBy(() ->
                        PlaneSecurity.open(
                                "test",
                                WireSecurity.tls(files),
                                () -> now.plus(Duration.ofDays(3))))
                .hasMessageContaining("expired on 2026-01-03T00:00:00Z");
        assertThatThrownBy(() ->
                        PlaneSecurity.open(
                                "test",
                                WireSecurity.tls(files),
                                () -> now.minus(Duration.ofDays(3))))
                .hasMessageContaining("check this machine's clock");
    }

    @Test
    void nothingLeavesTheMachineInTheClearUnlessItIsAllowed() throws IOException {
        try (PlaneSecurity careful = PlaneSecurity.loopback("test");
                PlaneSecurity careless = PlaneSecurity.open("test", WireSecurity.plaintext())) {
            careful.admitListening("the port", "127.0.0.1");
            careful.admitListening("the port", "::1");
            careful.admitListening("the port", "localhost");
            careful.admitDialling("the coordinator", "127.0.0.2");
            assertThatThrownBy(() -> careful.admitListening("the port", "0.0.0.0"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the port would listen on 0.0.0.0")
                    .hasMessageContaining("--tls DIR")
                    .hasMessageContaining("--plaintext");
            assertThatThrownBy(() -> careful.admitDialling("the coordinator", "10.0.0.5"))
                    .hasMessageContaining("the coordinator at 10.0.0.5 is on another machine");
            assertThat(careful.plaintext()).isFalse();
            careless.admitListening("the port", "0.0.0.0");
            careless.admitDialling("the coordinator", "10.0.0.5");
            assertThat(careless.plaintext()).isTrue();
            assertThat(careless.encrypted()).isFalse();
        }
    }
}
