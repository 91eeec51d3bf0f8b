package io.coxswain.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Locale;

class RevocationsTest {
    @TempDir private Path folder = Path.of("");

    private Path list(String text) throws IOException {
        return Files.writeString(folder.resolve("list"), text);
    }

    private X509Certificate certificate(String name) throws IOException {
        TestCertificates authority = TestCertificates.in(folder.resolve("ca-" + name));
        return PemFiles.certificates(authority.issue(Role.AGENT, name).certificate()).getFirst();
    }

    @Test
    void aCertificateIsKnownByFingerprintOrSerialHoweverTheyAreWritten() throws IOException {
        X509Certificate one = certificate("one");
        X509Certificate other = certificate("other");
        String print = Revocations.fingerprint(one);
        String serial = one.getSerialNumber().toString(16);

        for (String line :
                new String[] {
                    "sha256 " + print,
                    "  SHA256 Fingerprint="
                            + print.toUpperCase(Locale.ROOT).replaceAll("(..)(?!$)", "$1:"),
                    "# who\n\nsha256: " + print + " # agent one",
                    "serial " + serial,
                    "serial=00" + serial.toUpperCase(Locale.ROOT),
                }) {
            Revocations read = Revocations.read(list(line));
            assertThat(read.contains(one)).as(line).isTrue();
            assertThat(read.contains(other)).as(line).isFalse();
            assertThat(read.size()).isEqualTo(1);
        }
        assertThat(Revocations.read(list("")).size()).isZero();
        assertThat(Revocations.read(list("# none\n"))).isEqualTo(Revocations.NONE);
    }

    @Test
    void whatIsNoListIsSaidWithItsLine() throws IOException {
        for (String line :
                new String[] {
                    "sha256 12", "sha256", "serial", "serial xyz", "agent one", "serial :"
                }) {
            Path file = list("# first\n" + line + "\n");
            assertThatThrownBy(() -> Revocations.read(file))
                    .as(line)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("list:2: expected sha256 and 64 hexadecimal digits");
        }
        assertThatThrownBy(() -> Revocations.read(folder.resolve("none")))
                .hasMessageContaining("there is no file");
    }

    @Test
    void addingKeepsWhatIsThere() throws IOException {
        X509Certificate one = certificate("one");
        X509Certificate two = certificate("two");
        Path file = list("serial 5 # an old one");

        assertThat(Revocations.add(file, one)).isTrue();
        assertThat(Revocations.add(file, one)).isFalse();
        assertThat(Revocations.add(file, two)).isTrue();

        Revocations read = Revocations.read(file);
        assertThat(read.size()).isEqualTo(3);
        assertThat(read.contains(one)).isTrue();
        assertThat(read.contains(two)).isTrue();
        assertThat(Files.readAllLines(file)).hasSize(3);
    }
}
