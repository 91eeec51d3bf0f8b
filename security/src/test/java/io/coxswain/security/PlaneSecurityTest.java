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
import java.time.Duration;
import java.time.Instant;

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
