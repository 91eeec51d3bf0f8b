package io.coxswain.security.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.security.Identity;
import io.coxswain.security.PemFiles;
import io.coxswain.security.Role;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

class CertificateAuthorityTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final InstantSource CLOCK = InstantSource.fixed(NOW);
    private static final Duration YEAR = Duration.ofDays(365);

    @TempDir private Path folder = Path.of("");

    private CertificateAuthority authority() throws IOException {
        return CertificateAuthority.create(folder, "test", YEAR, CLOCK);
    }

    private String mode(String file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)));
    }

    @Test
    void aCertificateNamesRoleAndHolder() throws Exception {
        Instant end =
                authority()
                        .issue(
                                new Identity(Role.AGENT, "host7"),
                                List.of("host7.example", "10.0.0.7"),
                                Duration.ofDays(90),
                                folder.resolve("agent"));
        X509Certificate made = PemFiles.certificates(folder.resolve("agent/cert.pem")).getFirst();

        assertThat(Identity.of(made)).isEqualTo(new Identity(Role.AGENT, "host7"));
        assertThat(end).isEqualTo(NOW.plus(Duration.ofDays(90)));
        assertThat(made.getNotAfter().toInstant()).isEqualTo(end);
        assertThat(made.getNotBefore().toInstant()).isBefore(NOW);
        assertThat(made.getPublicKey().getAlgorithm()).isEqualTo("EC");
        assertThat(made.getSubjectAlternativeNames())
                .extracting(name -> (Object) name.get(1))
                .containsExactly("coxswain://agent/host7", "host7.example", "10.0.0.7");
        assertThat(made.getExtendedKeyUsage())
                .containsExactly("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1");
        assertThat(made.getBasicConstraints()).isEqualTo(-1);
        made.verify(PemFiles.certificates(folder.resolve("ca.pem")).getFirst().getPublicKey());
    }

    @Test
    void keysAreTheOwnersAlone() throws Exception {
        authority()
                .issue(
                        new Identity(Role.VIEWER, "v"),
                        List.of(),
                        Duration.ofDays(1),
                        folder.resolve("v"));

        assertThat(mode("ca-key.pem")).isEqualTo("rw-------");
        assertThat(mode("v/key.pem")).isEqualTo("rw-------");
        assertThat(mode("v")).isEqualTo("rwx------");
        assertThat(mode("ca.pem")).isEqualTo("rw-r--r--");
    }

    @Test
    void nothingIsOverwritten() throws Exception {
        CertificateAuthority authority = authority();
        byte[] key = Files.readAllBytes(folder.resolve("ca-key.pem"));
        Path out = Files.createDirectory(folder.resolve("out"));
        Files.writeString(out.resolve("key.pem"), "precious");

        assertThatThrownBy(this::authority)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is there already and is not overwritten");
        assertThatThrownBy(() ->
                        authority.issue(new Identity(Role.OPERATOR, "o"), List.of(), YEAR, out))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("key.pem is there already");
        assertThat(folder.resolve("ca-key.pem")).hasBinaryContent(key);
        assertThat(out.resolve("key.pem")).hasContent("precious");
        assertThat(out.resolve("cert.pem")).doesNotExist();
    }

    @Test
    void aCertificateEndsWithItsAuthority() throws Exception {
        CertificateAuthority authority = authority();

        assertThat(
                        authority.issue(
                                new Identity(Role.OPERATOR, "o"),
                                List.of(),
                                Duration.ofDays(5000),
                                folder.resolve("o")))
                .isEqualTo(authority.ends());
        assertThatThrownBy(() ->
                        CertificateAuthority.open(
                                folder, InstantSource.fixed(NOW.plus(Duration.ofDays(366)))))
                .hasMessageContaining("ended on 2027-03-01");
    }

    @Test
    void withoutAnAuthorityItSaysWhatToDo() {
        assertThatThrownBy(() -> CertificateAuthority.open(folder.resolve("none"), CLOCK))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("there is no file")
                .hasMessageContaining("coxswain certs init");
    }

    @Test
    void hostsAreNamesOrAddresses() {
        CertificateAuthority.checkHost("a-1.example");
        CertificateAuthority.checkHost("::1");
        for (String wrong : List.of("", "a b", "-x", "a..b", "http://x", "x/y")) {
            assertThatThrownBy(() -> CertificateAuthority.checkHost(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("neither a host name nor an address");
        }
    }
}
