package io.coxswain.chaos.simulation.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The command as a person gives it. */
final class SwarmCommandTest {
    /** As the launcher runs it. */
    static final class Start {
        private Start() {}

        public static void main(String[] args) {
            System.exit(new CommandLine(new SwarmCommand()).execute(args));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "--seed 7 --seeds 1..9,                    leave --seeds and --minutes out",
        "--seed 7 --minutes 1,                     leave --seeds and --minutes out",
        "--seeds 9..1,                             the first is above the last",
        "--seeds one..two,                         expected two numbers",
        "--minutes 0,                              expected more than 0",
        "--minutes NaN,                            expected more than 0",
        "--minutes 2000000000,                     expected more than 0",
        "--threads 0,                              expected 1 to 1024",
        "--threads 2000,                           expected 1 to 1024",
        "--collectives agent,                      expected runtime"
    })
    void nonsenseIsRefusedWithWords(String arguments, String words) {
        var said = new StringWriter();
        CommandLine command = new CommandLine(new SwarmCommand());
        command.setErr(new PrintWriter(said, true));
        assertThat(command.execute(arguments.split(" "))).isEqualTo(2);
        assertThat(said.toString()).contains(words);
    }

    @Test
    void aSeedAloneSaysEveryPairThatNeverFired() {
        var said = new StringWriter();
        CommandLine command = new CommandLine(new SwarmCommand());
        command.setOut(new PrintWriter(said, true));
        assertThat(command.execute("--seed", "7")).isZero();
        String gaps = said.toString().substring(said.toString().indexOf("never fired: "));
        long listed =
                gaps.lines()
                        .skip(1)
                        .mapToLong(line -> 1 + line.chars().filter(one -> one == ',').count())
                        .sum();
        assertThat(gaps).startsWith("never fired: " + listed + " pairs");
    }

    @Test
    @Timeout(120)
    void aSignalPrintsWhatWasCoveredAndEnds() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Start.class.getName(),
                                "--minutes",
                                "60",
                                "--threads",
                                "1")
                        .redirectErrorStream(true)
                        .start();
        var said = new StringBuilder();
        try (var out = process.inputReader(StandardCharsets.UTF_8)) {
            String line;
            boolean told = false;
            while ((line = out.readLine()) != null) {
                said.append(line).append('\n');
                if (!told && line.contains(" ran, ")) {
                    told = true;
                    process.toHandle().destroy();
                }
            }
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s", said).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as("%s", said).isEqualTo(128 + 15);
        assertThat(said)
                .contains("stopped after ")
                .contains("fault × phase")
                .doesNotContain("Exception");
    }
}
