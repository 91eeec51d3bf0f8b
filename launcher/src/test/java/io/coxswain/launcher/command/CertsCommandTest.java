package io.coxswain.launcher.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.Main;
import io.coxswain.security.Identity;
import io.coxswain.security.PemFiles;
import io.coxswain.security.Revocations;
import io.coxswain.security.Role;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

@ResourceLock(Resources.SYSTEM_OUT)
class CertsCommandTest {
    @TempDir private Path folder = Path.of("");

    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(realOut);
        System.setErr(realErr);
    }

    private int run(String... args) {
        err.reset();
        return Main.execute(args);
    }

    private String complained() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void anAuthorityIssuesCertificatesWithRoles() throws Exception {
        String dir = folder.resolve("certs").toString();

        assertThat(run("certs", "init", "--dir", dir)).isZero();
        assertThat(run("certs", "issue", "coordinator", "--dir", dir)).isZero();
        assertThat(run("certs", "issue", "agent", "--id", "host7", "--dir", dir)).isZero();
        Path issued = folder.resolve("certs/agent-host7/cert.pem");
        assertThat(Identity.of(PemFiles.certificates(issued).getFirst()))
                .isEqualTo(new Identity(Role.AGENT, "host7"));
        assertThat(folder.resolve("certs/coordinator/key.pem")).exists();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("issued coxswain://agent/host7, valid until ")
                .contains("--tls ");
    }

    @Test
    void nothingIsOverwritten() throws Exception {
        String dir = folder.toString();
        assertThat(run("certs", "init", "--dir", dir)).isZero();
        String key = Files.readString(folder.resolve("ca-key.pem"));

        assertThat(run("certs", "init", "--dir", dir)).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(complained()).contains("ca.pem is there already and is not overwritten");
        assertThat(folder.resolve("ca-key.pem")).hasContent(key);
        assertThat(run("certs", "issue", "viewer", "--dir", dir)).isZero();
        assertThat(run("certs", "issue", "viewer", "--dir", dir)).isEqualTo(ExitCode.ENVIRONMENT);
    }

    @Test
    void aCertificateIsTakenBackOnce() throws Exception {
        String dir = folder.toString();
        assertThat(run("certs", "init", "--dir", dir)).isZero();
        assertThat(run("certs", "issue", "viewer", "--dir", dir)).isZero();
        Path issued = folder.resolve("viewer/cert.pem");
        Path list = folder.resolve("revoked.txt");

        assertThat(run("certs", "revoke", issued.toString(), "--dir", dir)).isZero();
        assertThat(run("certs", "revoke", issued.toString(), "--list", list.toString())).isZero();

        assertThat(Files.readAllLines(list)).hasSize(1);
        assertThat(Revocations.read(list).contains(PemFiles.certificates(issued).getFirst()))
                .isTrue();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("revoked before: ");
        assertThat(run("certs", "revoke", folder.resolve("none.pem").toString(), "--dir", dir))
                .isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run("certs", "revoke")).isEqualTo(ExitCode.USAGE);
        assertThat(run("status", "--tls-revoked", list.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("give --tls as well");
        assertThat(run("status", "--tls", dir, "--tls-revoked", dir + "/none"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("an empty one takes nothing back");
    }

    @Test
    void misuseIsExplained() {
        String dir = folder.toString();

        assertThat(run("certs")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("Missing what to do: init, issue or revoke");
        assertThat(run("certs", "issue", "operator", "--dir", dir)).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(complained()).contains("coxswain certs init");
        assertThat(run("certs", "issue", "root", "--dir", dir)).isEqualTo(ExitCode.USAGE);
        assertThat(complained())
                .contains("'root' is no role; expected coordinator, agent, operator, viewer");
        assertThat(run("certs", "issue", "agent", "--dir", dir)).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("name it with --id");
        assertThat(run("certs", "issue", "viewer", "--id", "a/b")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("'a/b' is no name for a certificate");
        assertThat(run("certs", "issue", "viewer", "--host", "a b")).isEqualTo(ExitCode.USAGE);
        assertThat(run("certs", "init", "--days", "0")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--days 0: expected 1 to 36500");
    }

    @Test
    void anotherMachineIsNotSpokenToInTheClear() {
        assertThat(run("status", "--coordinator", "192.0.2.1:7400"))
                .isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(complained())
                .contains("the coordinator at 192.0.2.1 is on another machine")
                .contains("--tls DIR")
                .contains("--plaintext");
        assertThat(run("status", "--tls", "x", "--plaintext")).isEqualTo(ExitCode.USAGE);
        assertThat(run("status", "--tls-cert", "x")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("belong together");
        assertThat(run("status", "--coordinator", "127.0.0.1:1", "--tls", folder.toString()))
                .isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(complained()).contains("there is no file").contains("cert.pem");
    }
}
