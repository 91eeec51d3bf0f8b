package io.coxswain.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

@ResourceLock(Resources.SYSTEM_OUT)
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class RulesCommandTest {
    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final String realHome = System.getProperty("coxswain.home", "");
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setProperty("coxswain.home", "..");
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(realOut);
        System.setErr(realErr);
        if (realHome.isEmpty()) {
            System.clearProperty("coxswain.home");
        } else {
            System.setProperty("coxswain.home", realHome);
        }
    }

    private String rules(String... options) {
        var command = new String[options.length + 1];
        command[0] = "rules";
        System.arraycopy(options, 0, command, 1, options.length);
        assertThat(Main.execute(command)).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void withoutOptionsItIsTheFile() throws IOException {
        assertThat(rules())
                .isEqualTo(Files.readString(Path.of("../deploy/prometheus/coxswain.rules.yml")));
    }

    @Test
    void whatIsYoursIsPutIn() {
        String rules =
                rules("--objective", "0.975", "--runbook-url", "https://wiki.example/run?book=1");
        assertThat(rules)
                .contains("expr: vector(0.975)")
                .contains("runbook_url: https://wiki.example/run?book=1#coxswainnoleader\n")
                .doesNotContain("docs/runbook.md#", "vector(0.95)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--runbook-url=wiki",
                "--runbook-url=https://wiki.example/x#y",
                "--runbook-url=ftp://wiki.example/x",
                "--runbook-url=https://a b",
                "--objective=0",
                "--objective=1",
                "--objective=95%"
            })
    void whatMakesNoSenseIsRefused(String option) {
        assertThat(Main.execute("rules", option)).isEqualTo(ExitCode.USAGE);
        assertThat(out.size()).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(option.substring(0, 11));
    }
}
